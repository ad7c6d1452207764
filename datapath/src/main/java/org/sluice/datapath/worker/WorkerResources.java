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
import org.sluice.datapath.nat.SourcePorts;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;
import org.sluice.datapath.trace.ProbeChannel;

/**
 * The resources of a {@link ForwardingWorker}. Their creator closes them after the worker has stopped.
 *
 * @param name          human-readable.
 * @param clock         monotonic; the FDB's seconds come from it.
 * @param errorHandler  is notified of unexpected errors; must not throw.
 * @param channel       carries commands and results.
 * @param poller        of this worker alone.
 * @param devices       where control stores devices.
 * @param fdb           of this worker alone.
 * @param connections   of this worker alone.
 * @param config        settings of connection tracking.
 * @param sourcePorts   those that this worker may give to translated connections.
 * @param natSecret     makes the choice of those ports, and the places of fragments, unpredictable.
 * @param events        carries the worker's requests to control.
 * @param probes        where control stores rings for observations.
 * @param counterValues the values of the ports' and networks' counters.
 * @param counters      of this worker.
 * @param drops         of this worker, by reason.
 */
public record WorkerResources(String name, NanoClock clock, ErrorHandler errorHandler, CommandChannel channel,
                              DevicePoller poller, DeviceRegistry devices, Fdb fdb, ConntrackTable connections,
                              ConntrackConfig config, SourcePorts sourcePorts, long natSecret,
                              EventChannel events, ProbeChannel probes, AtomicBuffer counterValues,
                              CounterGroup<WorkerCounter> counters, CounterGroup<DropReason> drops) {
}
