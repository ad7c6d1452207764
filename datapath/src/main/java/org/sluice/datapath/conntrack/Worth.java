package org.sluice.datapath.conntrack;

/**
 * What a connection is worth when there is no room for a new one: the first kind gives way first, the last kind never.
 * The order is the kernel's (net/netfilter/nf_conntrack_core.c, {@code early_drop_list}, with {@code
 * tcp_can_early_drop}), but that it does not tell the first three apart.
 */
final class Worth {
    /** TCP that both ends have closed or one has reset: only late packets may come. */
    static final int CLOSED = 0;
    /** Nobody has answered. */
    static final int UNANSWERED = 1;
    /** A question and its answer, or TCP that one end has closed. */
    static final int BRIEF = 2;
    /** Established. */
    static final int LASTING = 3;

    private static final byte[] OF_TCP_STATE = new byte[TcpState.values().length];

    static {
        for (final TcpState state : TcpState.values()) {
            OF_TCP_STATE[state.ordinal()] = (byte) switch (state) {
                case TIME_WAIT, CLOSE -> CLOSED;
                case FIN_WAIT, CLOSE_WAIT, LAST_ACK -> BRIEF;
                default -> LASTING;
            };
        }
    }

    private Worth() {
    }

    static int of(final long connection) {
        final int ofState = OF_TCP_STATE[Connection.tcpState(connection)];
        if (ofState == LASTING && !Connection.has(connection, Connection.ASSURED)) {
            return Connection.has(connection, Connection.SEEN_REPLY) && Connection.tcpState(connection) == 0
                ? BRIEF : UNANSWERED;
        }
        return ofState;
    }
}
