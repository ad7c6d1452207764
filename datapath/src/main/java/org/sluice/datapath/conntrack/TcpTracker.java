package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.TcpFlyweight;

/**
 * Follows TCP connections: the state machine, the windows of both sides with their scale options, and the effect of
 * resets (Linux net/netfilter/nf_conntrack_proto_tcp.c; van Rooij, "Real stateful TCP packet filtering in IP Filter").
 * Owned by the worker.
 * <p>
 * A window, for each sender: {@code end} is the highest sequence number sent, plus one; {@code maxEnd} the highest that
 * the receiver has room for; {@code maxWindow} the largest window announced; {@code maxAck} the highest acknowledgement
 * sent.
 */
public final class TcpTracker {
    /** The effect of a packet on its connection. */
    public enum Verdict {
        ACCEPTED,
        /** It passes and changes nothing. */
        IGNORED, OUT_OF_WINDOW, IMPOSSIBLE_STATE, RESET_INVALID,
        /** The connection is over, and the packet opens another one with the same tuple. */
        REOPENED,
        /** A reset of a connection without an answer, or as the only answer. */
        ABORTED
    }

    private static final int KIND_MASK = 0xF;
    private static final int MAX_ACK_WINDOW = 66_000;
    private static final int RETRANSMITS_MAX = 3;

    private static final int END_OFFSET = 0;
    private static final int MAX_END_OFFSET = 4;
    private static final int MAX_WINDOW_OFFSET = 8;
    private static final int MAX_ACK_OFFSET = 12;

    private static final int HAS_SCALE = 1;
    private static final int SACK_PERMITTED = 2;
    private static final int LIBERAL = 4;
    private static final int MAX_ACK_SET = 8;
    private static final int UNACKNOWLEDGED = 16;

    private final TcpFlyweight tcp = new TcpFlyweight();
    private final TcpOptions options = new TcpOptions();
    private final long[] timeoutsNs;
    private final boolean strict;

    TcpTracker(final long[] timeoutsNs, final boolean strict) {
        this.timeoutsNs = timeoutsNs;
        this.strict = strict;
    }

    /** Whether a packet with these flags may open a connection. */
    static boolean mayOpen(final int flags, final boolean pickUp) {
        final int state = TcpState.next(Connection.ORIGINAL, TcpState.kindOf(flags), TcpState.NONE.ordinal());
        return state == TcpState.SYN_SENT.ordinal() || pickUp && state == TcpState.ESTABLISHED.ordinal();
    }

    /** Begins a connection with its first packet. */
    void open(final long connection, final long header, final int segmentLength, final long nowNs) {
        tcp.wrap(header, segmentLength);
        final int kind = TcpState.kindOf(tcp.flags());
        final int state = TcpState.next(Connection.ORIGINAL, kind, TcpState.NONE.ordinal());
        final int end = endOf(segmentLength);
        final long window = Connection.window(connection, Connection.ORIGINAL);
        final int announced = Math.max(1, tcp.window());
        put(window, END_OFFSET, end);
        put(window, MAX_WINDOW_OFFSET, announced);
        if (kind == TcpState.SYN) {
            put(window, MAX_END_OFFSET, end);
            readOptions(connection, Connection.ORIGINAL, header);
        } else {
            // Picked up in the middle: its options are unknown, so the tracker cannot judge its windows.
            put(window, MAX_END_OFFSET, end + announced);
            flags(connection, Connection.ORIGINAL, SACK_PERMITTED | LIBERAL);
            flags(connection, Connection.REPLY, SACK_PERMITTED | LIBERAL);
        }
        Connection.tcpState(connection, state);
        remember(connection, Connection.ORIGINAL, kind, end);
        Connection.deadlineNs(connection, nowNs + timeoutNs(connection, kind, state, false));
    }

    /** Checks a packet against its connection and updates the connection. */
    Verdict track(final long connection, final int direction, final long header, final int segmentLength,
                  final long nowNs) {
        tcp.wrap(header, segmentLength);
        int before = Connection.tcpState(connection);
        final int kind = TcpState.kindOf(tcp.flags());
        int after = TcpState.next(direction, kind, before);
        if (after == TcpState.INVALID) {
            return Verdict.IMPOSSIBLE_STATE;
        }
        if (after == TcpState.IGNORE) {
            if (!isAnswerToIgnoredSyn(connection, direction, kind)) {
                ignore(connection, direction, kind, segmentLength);
                return Verdict.IGNORED;
            }
            beginAnew(connection, 1 - direction);
            before = TcpState.SYN_SENT.ordinal();
            after = TcpState.SYN_RECV.ordinal();
        }
        if (after == TcpState.SYN_SENT.ordinal() && before >= TcpState.TIME_WAIT.ordinal()
            && before != TcpState.SYN_SENT2.ordinal()) {
            return Verdict.REOPENED;
        }
        final boolean isReset = kind == TcpState.RST;
        // Its numbers belong to a packet that passed without being tracked.
        final boolean isJudged = !(isReset && isAnswerToIgnored(connection, before));
        if (isReset && isJudged) {
            final Verdict reset = checkReset(connection, direction);
            if (reset != Verdict.ACCEPTED) {
                return reset;
            }
            after = isExactReset(connection, direction, before) ? after : before;
        }
        final Verdict inWindow =
            isJudged ? checkWindow(connection, direction, before, segmentLength) : Verdict.ACCEPTED;
        if (inWindow != Verdict.ACCEPTED) {
            return inWindow;
        }
        if (isReset && !Connection.has(connection, Connection.SEEN_REPLY)) {
            return Verdict.ABORTED;
        }
        moveOn(connection, direction, kind, before, after, segmentLength, nowNs);
        return Verdict.ACCEPTED;
    }

    /**
     * Notes a SYN on a connection that the tracker believes alive. The ends may know better, for instance after a crash
     * of one. An answer to this SYN begins the connection anew.
     */
    private void ignore(final long connection, final int direction, final int kind, final int segmentLength) {
        remember(connection, direction, kind, endOf(segmentLength));
        if (kind == TcpState.SYN) {
            options.readSyn(tcp.address(), tcp.headerLength());
            UnsafeApi.putInt(connection + Connection.LAST_FINGERPRINT_OFFSET,
                tcp.window() << 16 | options.scale() << 8 | optionFlags());
        } else if (kind == TcpState.ACK) {
            UnsafeApi.putInt(connection + Connection.LAST_FINGERPRINT_OFFSET, tcp.acknowledgement());
        }
    }

    /**
     * Whether a reset answers a packet that passed without being tracked: a SYN, or an ACK, of a connection that one
     * end does not know; or an ACK that answers a SYN with the numbers of an earlier connection.
     */
    private boolean isAnswerToIgnored(final long connection, final int before) {
        final int last = UnsafeApi.getByte(connection + Connection.LAST_OFFSET);
        final int lastKind = last & KIND_MASK;
        final boolean ignored = Connection.has(connection, Connection.SEEN_REPLY) && lastKind == TcpState.SYN
            || !Connection.has(connection, Connection.ASSURED) && lastKind == TcpState.ACK;
        return ignored && tcp.acknowledgement() == UnsafeApi.getInt(connection + Connection.LAST_END_OFFSET)
            || before == TcpState.SYN_SENT.ordinal() && last == lastOf(Connection.REPLY, TcpState.ACK)
                && tcp.sequence() == UnsafeApi.getInt(connection + Connection.LAST_FINGERPRINT_OFFSET);
    }

    private boolean isAnswerToIgnoredSyn(final long connection, final int direction, final int kind) {
        return kind == TcpState.SYN_ACK
            && UnsafeApi.getByte(connection + Connection.LAST_OFFSET) == lastOf(1 - direction, TcpState.SYN)
            && tcp.acknowledgement() == UnsafeApi.getInt(connection + Connection.LAST_END_OFFSET);
    }

    /** Restarts the connection with the SYN that was noted, of this direction. */
    private static void beginAnew(final long connection, final int direction) {
        final int noted = UnsafeApi.getInt(connection + Connection.LAST_FINGERPRINT_OFFSET);
        final int end = UnsafeApi.getInt(connection + Connection.LAST_END_OFFSET);
        final long sender = Connection.window(connection, direction);
        final long receiver = Connection.window(connection, 1 - direction);
        put(sender, END_OFFSET, end);
        put(sender, MAX_END_OFFSET, end);
        put(sender, MAX_WINDOW_OFFSET, Math.max(1, noted >>> 16));
        put(sender, MAX_ACK_OFFSET, 0);
        UnsafeApi.setMemory(receiver, Connection.WINDOW_BYTES, (byte) 0);
        scale(connection, direction, noted >>> 8 & 0xFF);
        flags(connection, direction, noted & 0xFF);
        flags(connection, 1 - direction, 0);
    }

    private void moveOn(final long connection, final int direction, final int kind, final int before, final int after,
                        final int segmentLength, final long nowNs) {
        if (after != Connection.tcpState(connection)) {
            Connection.tcpState(connection, after);
        }
        final boolean answered = direction == Connection.REPLY || Connection.has(connection, Connection.SEEN_REPLY);
        if (after == TcpState.ESTABLISHED.ordinal() && before != TcpState.NONE.ordinal() && answered) {
            Connection.addStatus(connection, Connection.ASSURED);
        }
        countRetransmits(connection, direction, kind, segmentLength);
        // A repeated SYN does not extend its connection's life.
        if (kind != TcpState.SYN || before != TcpState.SYN_SENT.ordinal()) {
            Connection.deadlineNs(connection, nowNs + timeoutNs(connection, kind, after, answered));
        }
    }

    private long timeoutNs(final long connection, final int kind, final int state, final boolean answered) {
        final long byState = timeoutsNs[state];
        if (kind == TcpState.RST) {
            // Also where the receiver may reject it: then the next packet restores the time.
            return timeoutsNs[ConntrackTimeout.TCP_CLOSE.ordinal()];
        }
        if (!answered && state == TcpState.ESTABLISHED.ordinal()) {
            return Math.min(byState, timeoutsNs[ConntrackTimeout.TCP_UNACKNOWLEDGED.ordinal()]);
        }
        if (UnsafeApi.getByte(connection + Connection.RETRANSMITS_OFFSET) >= RETRANSMITS_MAX || tcp.window() == 0) {
            return Math.min(byState, timeoutsNs[ConntrackTimeout.TCP_MAX_RETRANS.ordinal()]);
        }
        return ((flags(connection, Connection.ORIGINAL) | flags(connection, Connection.REPLY)) & UNACKNOWLEDGED) != 0
            ? Math.min(byState, timeoutsNs[ConntrackTimeout.TCP_UNACKNOWLEDGED.ordinal()]) : byState;
    }

    /** RFC 5961, 3.2: a reset must not lie before the other side's last acknowledgement. */
    private Verdict checkReset(final long connection, final int direction) {
        final int other = 1 - direction;
        final boolean known = (flags(connection, other) & MAX_ACK_SET) != 0;
        return known && before(tcp.sequence(), get(Connection.window(connection, other), MAX_ACK_OFFSET))
            ? Verdict.RESET_INVALID : Verdict.ACCEPTED;
    }

    /**
     * Whether the receiver accepts the reset: its number is exactly the one that the receiver expects, or it follows
     * the sender's last packet. Otherwise the receiver asks again (a challenge ACK), and the connection stays as it is.
     */
    private boolean isExactReset(final long connection, final int direction, final int before) {
        final int other = 1 - direction;
        if ((flags(connection, other) & MAX_ACK_SET) == 0 || before != TcpState.ESTABLISHED.ordinal()
            || tcp.sequence() == get(Connection.window(connection, other), MAX_ACK_OFFSET)) {
            return true;
        }
        return UnsafeApi.getByte(connection + Connection.LAST_OFFSET) == lastOf(direction, TcpState.ACK)
            && tcp.sequence() == UnsafeApi.getInt(connection + Connection.LAST_END_OFFSET);
    }

    private Verdict checkWindow(final long connection, final int direction, final int state, final int segmentLength) {
        final long sender = Connection.window(connection, direction);
        final long receiver = Connection.window(connection, 1 - direction);
        final int flags = tcp.flags();
        final int end = endOf(segmentLength);
        if (get(sender, MAX_WINDOW_OFFSET) == 0 || isOpeningAgain(direction, state, end, sender)) {
            begin(connection, direction, sender, receiver, end);
            if ((flags & (TcpFlyweight.SYN | TcpFlyweight.ACK)) == TcpFlyweight.SYN) {
                return Verdict.ACCEPTED; // simultaneous open
            }
        }
        int sequence = tcp.sequence();
        int ack = tcp.acknowledgement();
        int sack = ack;
        if ((flags & TcpFlyweight.ACK) == 0 || (flags & TcpFlyweight.RST) != 0 && ack == 0) {
            ack = get(receiver, END_OFFSET);
            sack = ack;
        } else if ((flags(connection, 1 - direction) & SACK_PERMITTED) != 0
            && tcp.headerLength() > TcpOptions.LENGTH_WITH_TIMESTAMP) {
            sack = options.highestSack(tcp.address(), tcp.headerLength(), ack);
        }
        int effectiveEnd = end;
        if ((flags & TcpFlyweight.RST) != 0 && sequence == 0 && state == TcpState.SYN_SENT.ordinal()) {
            effectiveEnd = get(sender, END_OFFSET);
            sequence = effectiveEnd;
        }
        final boolean notAhead = before(sequence, get(sender, MAX_END_OFFSET) + 1)
            && before(sack, get(receiver, END_OFFSET) + 1);
        final boolean notBehind = (get(receiver, MAX_WINDOW_OFFSET) == 0
                || after(effectiveEnd, get(sender, END_OFFSET) - get(receiver, MAX_WINDOW_OFFSET) - 1))
            && after(sack, get(receiver, END_OFFSET) - Math.max(MAX_ACK_WINDOW, get(sender, MAX_WINDOW_OFFSET)) - 1);
        if (notAhead && notBehind) {
            slide(connection, direction, effectiveEnd, ack, sack);
            return Verdict.ACCEPTED;
        }
        if (!strict || (flags(connection, direction) & LIBERAL) != 0) {
            return Verdict.ACCEPTED;
        }
        // Data behind the window is a retransmission or a late acknowledgement: harmless, and the peer may need it.
        return notAhead ? Verdict.IGNORED : Verdict.OUT_OF_WINDOW;
    }

    /** Whether a SYN, or the answer to one, is repeated with another sequence number. */
    private boolean isOpeningAgain(final int direction, final int state, final int end, final long sender) {
        final boolean isOpening = direction == Connection.ORIGINAL && state == TcpState.SYN_SENT.ordinal()
            || direction == Connection.REPLY && state == TcpState.SYN_RECV.ordinal();
        return isOpening && (tcp.flags() & TcpFlyweight.SYN) != 0 && after(end, get(sender, END_OFFSET));
    }

    /** Starts the sender's window with its first packet, or with its first one again. */
    private void begin(final long connection, final int direction, final long sender, final long receiver,
                       final int end) {
        put(sender, END_OFFSET, end);
        if ((tcp.flags() & TcpFlyweight.SYN) != 0) {
            put(sender, MAX_END_OFFSET, end);
            put(sender, MAX_WINDOW_OFFSET, Math.max(1, tcp.window()));
            readOptions(connection, direction, tcp.address());
            // The first SYN does not know the other side's options yet.
            if (direction == Connection.REPLY
                && (flags(connection, direction) & flags(connection, 1 - direction) & HAS_SCALE) == 0) {
                scale(connection, direction, 0);
                scale(connection, 1 - direction, 0);
            }
            return;
        }
        final int window = Math.max(1, tcp.window() << scale(connection, direction));
        put(sender, MAX_WINDOW_OFFSET, window);
        put(sender, MAX_END_OFFSET, end + window);
        if (get(receiver, MAX_WINDOW_OFFSET) == 0) {
            put(receiver, END_OFFSET, tcp.acknowledgement());
            put(receiver, MAX_END_OFFSET, tcp.acknowledgement());
        } else if (tcp.acknowledgement() == get(receiver, END_OFFSET) + 1) {
            put(receiver, END_OFFSET, tcp.acknowledgement());
        }
    }

    private void slide(final long connection, final int direction, final int end, final int ack, final int sack) {
        final long sender = Connection.window(connection, direction);
        final long receiver = Connection.window(connection, 1 - direction);
        final boolean isSyn = (tcp.flags() & TcpFlyweight.SYN) != 0;
        final int window = isSyn ? tcp.window() : tcp.window() << scale(connection, direction);
        final int announced = window + sack - ack;
        int flags = flags(connection, direction);
        if (get(sender, MAX_WINDOW_OFFSET) < announced) {
            put(sender, MAX_WINDOW_OFFSET, announced);
        }
        if (after(end, get(sender, END_OFFSET))) {
            put(sender, END_OFFSET, end);
            flags |= UNACKNOWLEDGED;
        }
        if ((tcp.flags() & TcpFlyweight.ACK) != 0
            && ((flags & MAX_ACK_SET) == 0 || after(ack, get(sender, MAX_ACK_OFFSET)))) {
            put(sender, MAX_ACK_OFFSET, ack);
            flags |= MAX_ACK_SET;
        }
        flags(connection, direction, flags);
        if (get(receiver, MAX_WINDOW_OFFSET) != 0 && after(end, get(sender, MAX_END_OFFSET))) {
            put(receiver, MAX_WINDOW_OFFSET,
                get(receiver, MAX_WINDOW_OFFSET) + end - get(sender, MAX_END_OFFSET));
        }
        if (after(sack + window, get(receiver, MAX_END_OFFSET) - 1)) {
            put(receiver, MAX_END_OFFSET, sack + Math.max(1, window));
        }
        if (ack == get(receiver, END_OFFSET)) {
            flags(connection, 1 - direction, flags(connection, 1 - direction) & ~UNACKNOWLEDGED);
        }
    }

    private void countRetransmits(final long connection, final int direction, final int kind, final int segmentLength) {
        final int end = endOf(segmentLength);
        if (kind == TcpState.ACK) {
            final int fingerprint = tcp.sequence() * 31 + tcp.acknowledgement() * 17 + end * 7 + tcp.window();
            final boolean again = UnsafeApi.getByte(connection + Connection.LAST_OFFSET) == lastOf(direction, kind)
                && UnsafeApi.getInt(connection + Connection.LAST_FINGERPRINT_OFFSET) == fingerprint;
            final int count = UnsafeApi.getByte(connection + Connection.RETRANSMITS_OFFSET);
            UnsafeApi.putByte(connection + Connection.RETRANSMITS_OFFSET,
                (byte) (again ? Math.min(count + 1, RETRANSMITS_MAX) : 0));
            UnsafeApi.putInt(connection + Connection.LAST_FINGERPRINT_OFFSET, fingerprint);
        }
        remember(connection, direction, kind, end);
    }

    private void readOptions(final long connection, final int direction, final long header) {
        options.readSyn(header, tcp.headerLength());
        scale(connection, direction, options.scale());
        flags(connection, direction, optionFlags());
    }

    private int optionFlags() {
        return (options.hasScale() ? HAS_SCALE : 0) | (options.isSackPermitted() ? SACK_PERMITTED : 0);
    }

    /** The sequence number behind the segment. */
    private int endOf(final int segmentLength) {
        final int flags = tcp.flags();
        return tcp.sequence() + segmentLength - tcp.headerLength() + ((flags & TcpFlyweight.SYN) != 0 ? 1 : 0)
            + ((flags & TcpFlyweight.FIN) != 0 ? 1 : 0);
    }

    private static void remember(final long connection, final int direction, final int kind, final int end) {
        UnsafeApi.putByte(connection + Connection.LAST_OFFSET, lastOf(direction, kind));
        UnsafeApi.putInt(connection + Connection.LAST_END_OFFSET, end);
    }

    private static byte lastOf(final int direction, final int kind) {
        return (byte) (direction << 4 | kind);
    }

    private static int get(final long window, final int field) {
        return UnsafeApi.getInt(window + field);
    }

    private static void put(final long window, final int field, final int value) {
        UnsafeApi.putInt(window + field, value);
    }

    private static int flags(final long connection, final int direction) {
        return UnsafeApi.getByte(connection + Connection.TCP_FLAGS_OFFSET + direction);
    }

    private static void flags(final long connection, final int direction, final int bits) {
        UnsafeApi.putByte(connection + Connection.TCP_FLAGS_OFFSET + direction, (byte) bits);
    }

    private static int scale(final long connection, final int direction) {
        return UnsafeApi.getByte(connection + Connection.SCALE_OFFSET + direction);
    }

    private static void scale(final long connection, final int direction, final int shift) {
        UnsafeApi.putByte(connection + Connection.SCALE_OFFSET + direction, (byte) shift);
    }

    private static boolean before(final int a, final int b) {
        return a - b < 0;
    }

    private static boolean after(final int a, final int b) {
        return a - b > 0;
    }
}
