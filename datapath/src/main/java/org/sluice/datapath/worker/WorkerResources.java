package org.sluice.datapath.worker;

import org.agrona.ErrorHandler;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.NanoClock;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandChannel;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.DeviceRegistry;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;

/**
 * What a {@link ForwardingWorker} works with. Who makes them closes them, after the worker.
 *
 * @param name          for people.
 * @param clock         monotonic; the FDB's seconds come from it.
 * @param errorHandler  is told of what should not happen; must not throw.
 * @param channel       commands and results.
 * @param poller        of this worker alone.
 * @param devices       where control lays devices down.
 * @param fdb           of this worker alone.
 * @param connections   of this worker alone.
 * @param config        of the connections.
 * @param natPorts      the source ports that are this worker's to give out.
 * @param natSecret     makes the choice of those ports unpredictable.
 * @param events        what the worker asks of control.
 * @param probes        where control lays rings down for what it wants to see.
 * @param counterValues where the counters of ports and networks lie.
 * @param counters      of this worker.
 * @param drops         of this worker, by reason.
 */
public record WorkerResources(String name, NanoClock clock, ErrorHandler errorHandler, CommandChannel channel,
                              DevicePoller poller, DeviceRegistry devices, Fdb fdb, ConntrackTable connections,
                              ConntrackConfig config, NatPorts natPorts, long natSecret,
                              EventChannel events, ProbeChannel probes, AtomicBuffer counterValues,
                              CounterGroup<WorkerCounter> counters, CounterGroup<DropReason> drops) {
}
