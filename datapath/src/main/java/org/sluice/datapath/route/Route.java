package org.sluice.datapath.route;

/**
 * The hops for packets to a prefix. IPv4 prefixes are mapped: their length is 96 more than usual.
 *
 * @param high   of the prefix.
 * @param low    of the prefix.
 * @param length in bits, 0 to 128.
 * @param hops   one, or several that share the flows; none for a route that the kernel calls unreachable.
 */
public record Route(long high, long low, int length, Hop[] hops) {
    /** Added to the length of an IPv4 prefix. */
    public static final int IPV4_LENGTH_OFFSET = 96;

    /**
     * One hop of a route.
     *
     * @param portIndex   the uplink that packets leave through.
     * @param gatewayHigh of the next router; both halves are 0 when the destination is on the link itself.
     * @param gatewayLow  of the next router.
     * @param sourceHigh  the host's address for masquerading on this hop; both halves are 0 for none.
     * @param sourceLow   the low half.
     */
    public record Hop(int portIndex, long gatewayHigh, long gatewayLow, long sourceHigh, long sourceLow) {
        public boolean isOnLink() {
            return (gatewayHigh | gatewayLow) == 0;
        }

        public boolean hasSource() {
            return (sourceHigh | sourceLow) != 0;
        }
    }

    /** The hop of a flow; all packets of a flow get the same one. */
    public Hop hopOf(final long flowHash) {
        return hops.length == 1 ? hops[0] : hops[(int) ((flowHash >>> 33) % hops.length)];
    }
}
