package org.sluice.datapath.simulation;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/** What the switch's counters must say, in one life of the worker. */
final class Ledger {
    private final Map<Integer, Long> received = new HashMap<>();
    private final Map<Integer, Long> sent = new HashMap<>();
    private final Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
    private long receivedDrops;
    private long refused;
    private long opened;

    void received(final Station from) {
        received.merge(from.port(), 1L, Long::sum);
    }

    void sent(final Station to) {
        sent.merge(to.port(), 1L, Long::sum);
    }

    void foretold(final Fate fate) {
        fate.dropped().forEach(reason -> drops.merge(reason, 1L, Long::sum));
        fate.lost().forEach(reason -> drops.merge(reason, 1L, Long::sum));
        receivedDrops += fate.dropped().size();
        refused += fate.refused();
        if (fate.refused() > 0) {
            drops.merge(DropReason.EGRESS_REFUSED, (long) fate.refused(), Long::sum);
        }
    }

    void opened(final int flows) {
        opened += flows;
    }

    /** Nobody could foretell what became of hostile frames: the counters are taken as they are. */
    void resume(final SimulatedSwitch sluice) {
        for (final DropReason reason : DropReason.values()) {
            drops.put(reason, sluice.count(reason));
        }
        receivedDrops = sluice.sum(PortCounter.RX_DROPS);
        refused = sluice.count(DropReason.EGRESS_REFUSED);
        opened = sluice.count(WorkerCounter.CONNECTIONS_OPENED);
    }

    /** Asserts what holds for any frames. */
    void checkSums(final SimulatedSwitch sluice, final List<Station> stations) {
        for (final Station station : stations) {
            final int port = station.port();
            same(received.getOrDefault(port, 0L), sluice.count(port, PortCounter.RX_FRAMES), station + " RX_FRAMES");
            same(sent.getOrDefault(port, 0L), sluice.count(port, PortCounter.TX_FRAMES), station + " TX_FRAMES");
            same(station.isGone() ? 0L : 1L, sluice.count(port, PortCounter.UP), station + " UP");
        }
        same(sluice.sum(PortCounter.RX_FRAMES), sluice.sum(NetworkCounter.RX_FRAMES), "RX_FRAMES of networks");
        same(sluice.sum(PortCounter.RX_BYTES), sluice.sum(NetworkCounter.RX_BYTES), "RX_BYTES of networks");
        same(sluice.sum(PortCounter.RX_DROPS), sluice.sum(NetworkCounter.DROPS), "DROPS of networks");
        same(sluice.count(DropReason.EGRESS_REFUSED) + sluice.count(DropReason.MTU_EXCEEDED),
            sluice.sum(PortCounter.TX_DROPS), "TX_DROPS");
        long reasons = 0;
        for (final DropReason reason : DropReason.values()) {
            reasons += sluice.count(reason);
        }
        final long waitedInVain =
            reasons - sluice.sum(PortCounter.RX_DROPS) - sluice.sum(PortCounter.TX_DROPS);
        if (waitedInVain < 0 || waitedInVain > sluice.count(DropReason.FRAGMENT_EXPIRED)
            + sluice.count(DropReason.NEIGHBOUR_UNREACHABLE)) {
            throw new AssertionError("drops by reason and drops by port differ by " + waitedInVain);
        }
        same(0L, sluice.count(WorkerCounter.ERRORS), "ERRORS");
    }

    /** Asserts that all losses are those that the model has foretold. */
    void checkForetold(final SimulatedSwitch sluice) {
        for (final DropReason reason : DropReason.values()) {
            // Those two come with time.
            if (reason != DropReason.FRAGMENT_EXPIRED && reason != DropReason.NEIGHBOUR_UNREACHABLE) {
                same(drops.getOrDefault(reason, 0L), sluice.count(reason), reason.name());
            }
        }
        same(receivedDrops, sluice.sum(PortCounter.RX_DROPS), "RX_DROPS");
        same(refused, sluice.count(DropReason.EGRESS_REFUSED), "EGRESS_REFUSED");
        same(opened, sluice.count(WorkerCounter.CONNECTIONS_OPENED), "CONNECTIONS_OPENED");
    }

    /** The losses that were not foretold, and those that were and are not there. */
    Map<DropReason, Long> surprises(final SimulatedSwitch sluice) {
        final Map<DropReason, Long> surprises = new EnumMap<>(DropReason.class);
        for (final DropReason reason : DropReason.values()) {
            final long more = sluice.count(reason) - drops.getOrDefault(reason, 0L);
            if (more != 0) {
                surprises.put(reason, more);
            }
        }
        return surprises;
    }

    private static void same(final Object expected, final Object actual, final String what) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError("counter " + what + ": expected " + expected + ", but it is " + actual);
        }
    }
}
