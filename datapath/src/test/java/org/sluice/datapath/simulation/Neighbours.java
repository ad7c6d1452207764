package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Which neighbours on the wires the switch must know, and what waits for those that it does not. */
final class Neighbours {
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(4);

    private final Map<Key, Long> macs = new LinkedHashMap<>();
    private final Map<Key, List<Waiting>> waiting = new LinkedHashMap<>();

    /** A neighbour. */
    record Key(Station uplink, Address address) {
    }

    /**
     * A packet that waits, complete but for its MAC addresses.
     *
     * @param flow whose source port the packet shows, if the switch chooses that.
     */
    record Waiting(Flow flow, int direction, Packet packet, long deadlineNs) {
    }

    /** Its MAC address, or null. */
    Long mac(final Key key) {
        return macs.get(key);
    }

    Set<Key> known() {
        return macs.keySet();
    }

    void know(final Key key, final long mac) {
        macs.put(key, mac);
    }

    void forget(final Key key) {
        macs.remove(key);
    }

    void await(final Key key, final Flow flow, final int direction, final Packet packet, final long nowNs) {
        waiting.computeIfAbsent(key, k -> new ArrayList<>())
            .add(new Waiting(flow, direction, packet, nowNs + PATIENCE_NS));
    }

    List<Key> wanted() {
        return List.copyOf(waiting.keySet());
    }

    int waitingCount() {
        return waiting.values().stream().mapToInt(List::size).sum();
    }

    List<Waiting> take(final Key key) {
        final List<Waiting> taken = waiting.remove(key);
        return taken == null ? List.of() : taken;
    }

    /** What has waited for too long is lost. */
    void expire(final long nowNs) {
        waiting.values().forEach(packets -> packets.removeIf(packet -> packet.deadlineNs() <= nowNs));
        waiting.values().removeIf(List::isEmpty);
    }

    /** The uplink has gone, or all of them with the worker. */
    void clear(final Station uplink) {
        macs.keySet().removeIf(key -> uplink == null || key.uplink() == uplink);
        waiting.keySet().removeIf(key -> uplink == null || key.uplink() == uplink);
    }
}
