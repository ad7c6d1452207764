package org.sluice.control.engine;

import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;

/** A network as the workers know it. Owned by the control thread; the counters may be read by any. */
public final class NetworkHandle {
    final int domainId;
    final WorkerHandle worker;
    final int[] counterIds;
    final CounterGroup<NetworkCounter> counters;

    NetworkHandle(final int domainId, final WorkerHandle worker, final int[] counterIds,
                  final CounterGroup<NetworkCounter> counters) {
        this.domainId = domainId;
        this.worker = worker;
        this.counterIds = counterIds;
        this.counters = counters;
    }

    public CounterGroup<NetworkCounter> counters() {
        return counters;
    }

    public String workerName() {
        return worker.name();
    }

    /** Number of the worker that has it. */
    public int workerIndex() {
        return worker.index();
    }

    /** Unique among all networks of the switch. */
    public int domainId() {
        return domainId;
    }
}
