package org.sluice.datapath.simulation;

import java.util.HashMap;
import java.util.Map;

import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.FdbEntry;

/**
 * What the switch says that it has learned. It may forget early, for its table is bounded; it may never say what was
 * not so: every entry is of a MAC address that was really seen at its port, of late and since the last flush.
 */
final class FdbView {
    private final SimulatedSwitch.Clock clock;
    private final SwitchLimits limits;
    private final Map<Sighting, Integer> seenAtSeconds = new HashMap<>();
    private Map<Long, Long> entries = Map.of();

    /** A MAC address behind a port. */
    private record Sighting(int network, long mac, int port) {
    }

    FdbView(final SimulatedSwitch.Clock clock, final SwitchLimits limits) {
        this.clock = clock;
        this.limits = limits;
    }

    /** A frame has come in; behind a guard there is nothing to learn. */
    void saw(final Station from, final byte[] frame) {
        if (!from.isGuarded() && frame.length >= Frame.HEADER) {
            seenAtSeconds.put(new Sighting(from.network().id(), Frame.source(frame), from.port()), clock.nowSeconds());
        }
    }

    void forget(final Station station) {
        seenAtSeconds.keySet().removeIf(sighting -> sighting.port() == station.port());
    }

    void forget(final Network network) {
        seenAtSeconds.keySet().removeIf(sighting -> sighting.network() == network.id());
    }

    /** The table is another one. */
    void clear() {
        seenAtSeconds.clear();
    }

    /** Reads the switch's table. */
    void read(final SimulatedSwitch sluice) {
        final Map<Long, Long> read = new HashMap<>();
        sluice.fdb().forEach(clock.nowSeconds(), (key, value) -> {
            if (read.put(key, value) != null) {
                throw new AssertionError("the FDB has a MAC address twice: " + Long.toHexString(FdbEntry.mac(key)));
            }
        });
        entries = read;
    }

    /** The port that the MAC address is behind, or null. */
    Integer port(final Network network, final long mac) {
        final Long value = entries.get(FdbEntry.key(network.id(), mac));
        return value == null ? null : FdbEntry.port(value);
    }

    /** Asserts that what was read is true and within its bounds. */
    void check(final World world) {
        final Map<Integer, Integer> learned = new HashMap<>();
        final Map<Long, Integer> pinned = pinned(world);
        if (entries.size() > limits.fdbCapacity()) {
            throw new AssertionError("the FDB has " + entries.size() + " entries, more than it may");
        }
        entries.forEach((key, value) -> {
            final int port = FdbEntry.port(value);
            if (FdbEntry.isStatic(value)) {
                if (!Integer.valueOf(port).equals(pinned.remove(key))) {
                    throw new AssertionError("the FDB pins " + Long.toHexString(key) + " to port " + port);
                }
            } else if (!isYoung(new Sighting(FdbEntry.domain(key), FdbEntry.mac(key), port))) {
                throw new AssertionError("the FDB has " + Long.toHexString(key) + " behind port " + port
                    + ", where it was not seen of late");
            } else if (learned.merge(port, 1, Integer::sum) > limits.macsOfPort()) {
                throw new AssertionError("the FDB has more entries of port " + port + " than it may");
            }
        });
        if (!pinned.isEmpty()) {
            throw new AssertionError("the FDB does not pin " + pinned);
        }
    }

    private boolean isYoung(final Sighting sighting) {
        final Integer seconds = seenAtSeconds.get(sighting);
        return seconds != null && clock.nowSeconds() - seconds < Fdb.DEFAULT_AGEING_SECONDS;
    }

    private static Map<Long, Integer> pinned(final World world) {
        final Map<Long, Integer> pinned = new HashMap<>();
        for (final Station station : world.stations()) {
            if (station.isHost() || station.isEndpoint() && station.isGuarded()) {
                pinned.put(FdbEntry.key(station.network().id(), station.mac()), station.port());
            }
        }
        return pinned;
    }
}
