package org.sluice.datapath.pipeline;

import org.agrona.ErrorHandler;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.conntrack.ConnectionTracker;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FragmentTable;
import org.sluice.datapath.nat.PortMapTable;
import org.sluice.datapath.nat.SourcePortAllocator;
import org.sluice.datapath.policy.TunnelGuard;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.route.PendingPackets;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;

/**
 * The tables that the layer-3 stages share. Owned by the worker.
 *
 * @param ports        by index.
 * @param errorHandler is notified of errors that an operator should see.
 */
public record WorkerTables(Port[] ports, Fib fib, ConntrackTable connections, ConnectionTracker tracker,
                     FragmentTable fragments, PortMapTable portMaps, SourcePortAllocator sourcePorts,
                     PendingPackets pending, TunnelGuard tunnels, CounterGroup<WorkerCounter> counters,
                     CounterGroup<DropReason> drops, ErrorHandler errorHandler) {
}
