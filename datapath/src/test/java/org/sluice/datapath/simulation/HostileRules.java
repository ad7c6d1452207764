package org.sluice.datapath.simulation;

import java.util.HashMap;
import java.util.Map;

import org.sluice.datapath.bridge.DomainPolicy;

/** What no frame may do, whatever is in it: where it comes out, how often, and in whose name. */
final class HostileRules {
    private final World world;
    private final Station from;
    private final int frames;
    private final Map<Station, Integer> copies = new HashMap<>();

    /**
     * @param frames that the station has sent.
     */
    HostileRules(final World world, final Station from, final int frames) {
        this.world = world;
        this.from = from;
        this.frames = frames;
    }

    /** Asserts that a frame may come out at a station. */
    void check(final Station at, final byte[] frame) {
        if (copies.merge(at, 1, Integer::sum) > frames) {
            throw new AssertionError("more frames come out at " + at + " than were sent: " + History.hex(frame));
        }
        if (!mayReach(at, frame)) {
            throw new AssertionError(from + " must not reach " + at + " with " + History.hex(frame));
        }
        final long source = Frame.source(frame);
        if (from.isGuarded() && source != from.mac() && source != at.network().gatewayMac()) {
            throw new AssertionError(from + " speaks in another's name: " + History.hex(frame));
        }
    }

    private boolean mayReach(final Station at, final byte[] frame) {
        if (at == from) {
            return true;
        }
        final DomainPolicy policy = from.network().policy();
        final boolean routed = Frame.source(frame) == at.network().gatewayMac();
        if (at.isUplink()) {
            return !from.isUplink() && !policy.internal();
        }
        final boolean published = world.publications().stream().anyMatch(p -> at.has(p.to()));
        if (at.network() != from.network()) {
            return at.isEndpoint() && routed && published && (from.isUplink() || !policy.internal());
        }
        return policy.icc() || at.isHost() || from.isHost() || routed && published
            || Frame.type(frame) == Frame.ARP || isDiscovery(frame);
    }

    private static boolean isDiscovery(final byte[] frame) {
        return Frame.type(frame) == Frame.IPV6 && frame.length > Frame.HEADER + 40
            && frame[Frame.HEADER + 6] == Packet.ICMPV6 && frame[Frame.HEADER + 7] == -1;
    }
}
