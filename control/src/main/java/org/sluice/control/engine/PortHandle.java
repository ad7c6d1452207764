package org.sluice.control.engine;

import org.jspecify.annotations.Nullable;

import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;

/** A port as the workers know it. Owned by the control thread; the counters may be read by any. */
public final class PortHandle {
    final int index;
    final NetworkHandle network;
    final String name;
    final @Nullable PacketDevice device;
    final int[] counterIds;
    final CounterGroup<PortCounter> counters;

    PortHandle(final int index, final NetworkHandle network, final String name, final @Nullable PacketDevice device,
               final int[] counterIds, final CounterGroup<PortCounter> counters) {
        this.index = index;
        this.network = network;
        this.name = name;
        this.device = device;
        this.counterIds = counterIds;
        this.counters = counters;
    }

    /** Unique among all ports of the switch. */
    public int index() {
        return index;
    }

    public NetworkHandle network() {
        return network;
    }

    /** Number of the worker that has it. */
    public int workerIndex() {
        return network.workerIndex();
    }

    public CounterGroup<PortCounter> counters() {
        return counters;
    }

    /** Human-readable. */
    public String name() {
        return name;
    }

    /** Null for a VTEP, which has none of its own. */
    public @Nullable PacketDevice device() {
        return device;
    }

    public boolean isUp() {
        return counters.get(PortCounter.UP) == 1;
    }
}
