package org.sluice.datapath.route;

import java.util.List;

/**
 * The addresses that one family's packets by one uplink may be masqueraded with, in the kernel's order. Which one it is
 * depends on the destination. For IPv4 it is the first one whose subnet has the next hop, or else the first one
 * ({@code inet_select_addr} in Linux net/ipv4/devinet.c). For IPv6 it is the one of the destination's label, then the
 * one with the longest common prefix, then the first one (RFC 6724, 5, rules 6 to 8; {@code ipv6_get_saddr_eval} in
 * net/ipv6/addrconf.c). Control leaves out the addresses that lose by the other rules. Owned by the worker.
 */
final class SourceAddresses {
    private final SourceAddress[] candidates;
    private final int[] labels;

    SourceAddresses(final List<SourceAddress> candidates) {
        this.candidates = candidates.toArray(SourceAddress[]::new);
        labels = candidates.stream().mapToInt(a -> AddressLabels.of(a.high(), a.low())).toArray();
    }

    /**
     * The address for IPv4 packets.
     *
     * @param low of the next hop.
     */
    SourceAddress selectIpv4(final long low) {
        for (final SourceAddress candidate : candidates) {
            if ((candidate.subnetLow() ^ low) >>> 2 * Long.SIZE - candidate.length() == 0) {
                return candidate;
            }
        }
        return candidates[0];
    }

    /** The address for IPv6 packets to the destination. */
    SourceAddress selectIpv6(final long high, final long low) {
        final int label = AddressLabels.of(high, low);
        final boolean orchid = AddressLabels.isOrchid(high);
        SourceAddress best = null;
        int bestScore = -1;
        for (int i = 0; i < candidates.length; i++) {
            final SourceAddress candidate = candidates[i];
            final int common = Math.min(commonLength(candidate, high, low), candidate.length());
            final int score = (labels[i] == label ? 0x400 : 0) | (candidate.wanted() ? 0x200 : 0)
                | (AddressLabels.isOrchid(candidate.high()) == orchid ? 0x100 : 0) | common;
            if (score > bestScore) {
                bestScore = score;
                best = candidate;
            }
        }
        return best;
    }

    private static int commonLength(final SourceAddress candidate, final long high, final long low) {
        return candidate.high() != high ? Long.numberOfLeadingZeros(candidate.high() ^ high)
            : Long.SIZE + Long.numberOfLeadingZeros(candidate.low() ^ low);
    }
}
