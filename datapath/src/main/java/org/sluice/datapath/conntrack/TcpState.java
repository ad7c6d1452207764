package org.sluice.datapath.conntrack;

/**
 * The states of a TCP connection from a tracker's view in the middle, and the table of transitions (Linux
 * net/netfilter/nf_conntrack_proto_tcp.c, {@code tcp_conntracks}). The order is that of the table's columns.
 */
public enum TcpState {
    NONE, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2;

    /** In place of a state: the packet passes and changes nothing. */
    static final int IGNORE = 14;
    /** In place of a state: the packet is impossible in the present state. */
    static final int INVALID = 15;

    /** Kinds of packets: the rows of the table. */
    static final int SYN = 0;
    static final int SYN_ACK = 1;
    static final int FIN = 2;
    static final int ACK = 3;
    static final int RST = 4;
    static final int NO_FLAG = 5;

    private static final int KINDS = 6;
    private static final int COLUMN_SHIFT = 4;
    private static final String[] ROWS = {
        // NO SS SR ES FW CW LA TW CL S2, packets of the ORIGINAL direction
        "SS SS IG IG IG IG IG SS SS S2", // SYN
        "IV IV SR IV IV IV IV IV IV SR", // SYN+ACK
        "IV IV FW FW LA LA LA TW CL IV", // FIN
        "ES IV ES ES CW CW TW TW CL IV", // ACK
        "IV CL CL CL CL CL CL CL CL CL", // RST
        "IV IV IV IV IV IV IV IV IV IV", // none of them
        // packets of the REPLY direction
        "IV S2 IV IV IV IV IV SS IV S2",
        "IV SR IG IG IG IG IG IG IG SR",
        "IV IV FW FW LA LA LA TW CL IV",
        "IV IG SR ES CW CW TW TW CL IG",
        "IV CL CL CL CL CL CL CL CL CL",
        "IV IV IV IV IV IV IV IV IV IV"};
    private static final byte[] TRANSITIONS = parse();

    private static final int FLAG_FIN = 0x01;
    private static final int FLAG_SYN = 0x02;
    private static final int FLAG_RST = 0x04;
    private static final int FLAG_ACK = 0x10;
    private static final int FLAG_URG = 0x20;
    /** All flags but ECE, CWR and PSH, which may accompany any other. */
    private static final int MEANINGFUL = 0x37;

    /** The number of the next state, or {@link #IGNORE} or {@link #INVALID}. */
    static int next(final int direction, final int kind, final int state) {
        return TRANSITIONS[direction * KINDS + kind << COLUMN_SHIFT | state];
    }

    /** The kind of a packet with these flags. */
    static int kindOf(final int flags) {
        if ((flags & FLAG_RST) != 0) {
            return RST;
        }
        if ((flags & FLAG_SYN) != 0) {
            return (flags & FLAG_ACK) != 0 ? SYN_ACK : SYN;
        }
        if ((flags & FLAG_FIN) != 0) {
            return FIN;
        }
        return (flags & FLAG_ACK) != 0 ? ACK : NO_FLAG;
    }

    /** Whether a TCP may send these flags together. */
    static boolean isPossible(final int flags) {
        final int meaningful = flags & MEANINGFUL;
        return switch (meaningful) {
            case FLAG_SYN, FLAG_SYN | FLAG_URG, FLAG_SYN | FLAG_ACK, FLAG_RST, FLAG_RST | FLAG_ACK,
                FLAG_FIN | FLAG_ACK, FLAG_FIN | FLAG_ACK | FLAG_URG, FLAG_ACK, FLAG_ACK | FLAG_URG -> true;
            default -> false;
        };
    }

    private static byte[] parse() {
        final byte[] table = new byte[ROWS.length << COLUMN_SHIFT];
        for (int row = 0; row < ROWS.length; row++) {
            final String[] cells = ROWS[row].split(" ");
            for (int column = 0; column < cells.length; column++) {
                table[row << COLUMN_SHIFT | column] = (byte) numberOf(cells[column]);
            }
        }
        return table;
    }

    private static int numberOf(final String cell) {
        return switch (cell) {
            case "SS" -> SYN_SENT.ordinal();
            case "SR" -> SYN_RECV.ordinal();
            case "ES" -> ESTABLISHED.ordinal();
            case "FW" -> FIN_WAIT.ordinal();
            case "CW" -> CLOSE_WAIT.ordinal();
            case "LA" -> LAST_ACK.ordinal();
            case "TW" -> TIME_WAIT.ordinal();
            case "CL" -> CLOSE.ordinal();
            case "S2" -> SYN_SENT2.ordinal();
            case "IG" -> IGNORE;
            default -> INVALID;
        };
    }
}
