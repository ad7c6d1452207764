package org.sluice.datapath.route;

/**
 * Where packets for a prefix go. IPv4 prefixes are mapped ones: their length is 96 more than usual.
 *
 * @param high   of the prefix.
 * @param low    of the prefix.
 * @param length in bits, 0 to 128.
 * @param hops   one, or several that share the flows; none where the kernel says unreachable.
 */
public record Route(long high, long low, int length, Hop[] hops) {
    /** Added to the length of an IPv4 prefix. */
    public static final int IPV4_LENGTH_OFFSET = 96;

    /**
     * One way.
     *
     * @param portIndex   the uplink that packets leave by.
     * @param gatewayHigh of the next router; both halves are 0 where the destination is on the link itself.
     * @param gatewayLow  of the next router.
     * @param sourceHigh  the host's address on this way, for masquerading; both halves are 0 for none.
     * @param sourceLow   the same.
     */
    public record Hop(int portIndex, long gatewayHigh, long gatewayLow, long sourceHigh, long sourceLow) {
        public boolean isOnLink() {
            return (gatewayHigh | gatewayLow) == 0;
        }

        public boolean hasSource() {
            return (sourceHigh | sourceLow) != 0;
        }
    }

    /** The hop of a flow: the same for all its packets. */
    public Hop hopOf(final long flowHash) {
        return hops.length == 1 ? hops[0] : hops[(int) ((flowHash >>> 33) % hops.length)];
    }
}
