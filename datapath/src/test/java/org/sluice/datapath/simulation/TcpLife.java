package org.sluice.datapath.simulation;

/** Two honest TCP ends: what they send next, in order. What is lost on the wire is sent again. */
final class TcpLife {
    private static final int SYN_SENT = 0;
    private static final int SYN_ANSWERED = 1;
    private static final int OPENING = 2;
    private static final int ESTABLISHED = 3;
    private static final int CLOSING = 4;
    private static final int LAST_ACK = 5;
    private static final int CLOSED = 6;
    private static final int MOST_PAYLOAD = 200;

    private final int[] next = new int[2];
    private int phase = SYN_SENT;
    private int closer;
    private Segment segment;
    /** The flags that the switch has seen. */
    private int seen;

    /** What one end sends. */
    record Segment(int direction, int flags, int sequence, int acknowledgement, byte[] payload) {
        Packet packet(final Tuple tuple, final int id) {
            return Packet.tcp(tuple, id, flags, sequence, acknowledgement, payload);
        }
    }

    TcpLife(final Dice dice) {
        next[0] = (int) dice.number();
        next[1] = (int) dice.number();
    }

    /** The next segment; the same again until it has arrived. */
    Segment propose(final Dice dice) {
        if (segment == null) {
            segment = switch (phase) {
                case SYN_SENT -> new Segment(0, Packet.SYN, next[0], 0, new byte[0]);
                case SYN_ANSWERED -> segment(1, Packet.SYN | Packet.ACK, 0, dice);
                case OPENING -> segment(0, Packet.ACK, 0, dice);
                case CLOSING -> segment(1 - closer, Packet.FIN | Packet.ACK, 0, dice);
                case LAST_ACK -> segment(closer, Packet.ACK, 0, dice);
                default -> {
                    final int fate = dice.below(20);
                    yield segment(dice.below(2), fate == 0 ? Packet.FIN | Packet.ACK
                        : fate == 1 ? Packet.RST | Packet.ACK : Packet.ACK, fate > 1 ? MOST_PAYLOAD : 0, dice);
                }
            };
        }
        return segment;
    }

    private Segment segment(final int direction, final int flags, final int mostPayload, final Dice dice) {
        return new Segment(direction, flags, next[direction], next[1 - direction],
            dice.bytes(dice.below(mostPayload + 1)));
    }

    /** The segment proposed last has come to its receiver. */
    void arrived() {
        next[segment.direction()] += segment.payload().length
            + ((segment.flags() & (Packet.SYN | Packet.FIN)) != 0 ? 1 : 0);
        if (phase != ESTABLISHED) {
            phase++;
        } else if ((segment.flags() & Packet.FIN) != 0) {
            closer = segment.direction();
            phase = CLOSING;
        }
        segment = null;
    }

    /** The switch has followed a packet with these flags. */
    void saw(final int flags) {
        seen |= flags;
        if ((flags & Packet.RST) != 0) {
            phase = CLOSED; // also where the reset is lost: nobody sends it again
        }
    }

    boolean isClosed() {
        return phase == CLOSED;
    }

    /** Whether both ends have opened, and none has closed. */
    boolean isEstablished() {
        return phase == ESTABLISHED && (seen & (Packet.FIN | Packet.RST)) == 0;
    }

    /** For how long the switch must remember the connection without a packet. */
    int leastSeconds() {
        return (seen & Packet.RST) != 0 ? 10 : (seen & Packet.FIN) != 0 ? 30 : phase <= SYN_SENT ? 120
            : phase == SYN_ANSWERED ? 60 : 300;
    }

    /** And for how long it may. */
    int mostSeconds() {
        return phase <= SYN_ANSWERED ? 120 : 432_000;
    }
}
