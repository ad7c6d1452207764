package org.sluice.datapath.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.Packets.ACK;
import static org.sluice.datapath.Packets.FIN;
import static org.sluice.datapath.Packets.RST;
import static org.sluice.datapath.Packets.SYN;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.conntrack.TcpTracker.Verdict;

/** Connections as seen from the middle: states, windows, resets. */
class TcpTrackerTest {
    private static final int CLIENT = Connection.ORIGINAL;
    private static final int SERVER = Connection.REPLY;
    private static final byte[] NOTHING = new byte[0];
    private static final byte[] SCALE_7 = Frames.hex("03 03 07 01 04 02 01 01");
    private static final long NOW = 1_000_000_000_000L;

    private final OffHeapRegion memory = OffHeapRegion.anonymous(Connection.BYTES + 4096);
    private final long connection = memory.address();
    private final long segment = connection + Connection.BYTES;
    private TcpTracker tracker = tracker(true);
    private long later;

    @AfterEach
    void close() {
        memory.close();
    }

    private static TcpTracker tracker(final boolean strict) {
        return new TcpTracker(ConntrackConfig.defaults().timeoutsNs(), strict);
    }

    @Test
    void shouldFollowAConnectionFromSynToTimeWait() {
        open(SYN, 100, 0, SCALE_7, 0);
        assertState(TcpState.SYN_SENT, 120);
        see(Verdict.ACCEPTED, SERVER, SYN | ACK, 500, 101, SCALE_7, 0);
        assertState(TcpState.SYN_RECV, 60);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        assertTrue(Connection.has(connection, Connection.ASSURED));
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 1000);
        assertState(TcpState.ESTABLISHED, 300);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 1101, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        see(Verdict.ACCEPTED, CLIENT, FIN | ACK, 1101, 501, NOTHING, 0);
        assertState(TcpState.FIN_WAIT, 120);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 1102, NOTHING, 0);
        assertState(TcpState.CLOSE_WAIT, 60);
        see(Verdict.ACCEPTED, SERVER, FIN | ACK, 501, 1102, NOTHING, 0);
        assertState(TcpState.LAST_ACK, 30);
        see(Verdict.ACCEPTED, CLIENT, ACK, 1102, 502, NOTHING, 0);
        assertState(TcpState.TIME_WAIT, 120);
        see(Verdict.REOPENED, CLIENT, SYN, 9000, 0, NOTHING, 0);
    }

    @Test
    void shouldHoldDataAgainstTheWindowWithItsScale() {
        establish(SCALE_7, SCALE_7);
        // The server's window of 65,535 counts 128-fold, but not in its SYN.
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 101, NOTHING, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101 + 65_535 * 128 - 1000, 501, NOTHING, 1000);
        see(Verdict.OUT_OF_WINDOW, CLIENT, ACK, 101 + 65_535 * 128 + 1, 501, NOTHING, 1000);
        see(Verdict.OUT_OF_WINDOW, SERVER, ACK, 501, 101 + 65_535 * 128 * 2, NOTHING, 0);
    }

    @Test
    void shouldNotScaleWhenOneSideDoesNot() {
        establish(SCALE_7, NOTHING);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 101, NOTHING, 0);
        see(Verdict.OUT_OF_WINDOW, CLIENT, ACK, 101 + 65_536, 501, NOTHING, 1000);
    }

    @Test
    void shouldPassRetransmissionsAndLateAcknowledgements() {
        establish(SCALE_7, SCALE_7);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 1000);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 1101, NOTHING, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 1000);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 601, NOTHING, 0);
        see(Verdict.IGNORED, SERVER, ACK, 501, 101 - 20_000_000, NOTHING, 0);
    }

    @Test
    void shouldTakeAResetOnlyAtItsPlace() {
        establish(SCALE_7, SCALE_7);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 101, NOTHING, 100);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 601, NOTHING, 0);
        see(Verdict.RESET_INVALID, SERVER, RST, 100, 0, NOTHING, 0);
        see(Verdict.OUT_OF_WINDOW, SERVER, RST, 601 + 65_535 * 128 + 10, 0, NOTHING, 0);
        see(Verdict.ACCEPTED, SERVER, RST, 700, 0, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 10);
        see(Verdict.ACCEPTED, SERVER, RST, 601, 0, NOTHING, 0);
        assertState(TcpState.CLOSE, 10);
    }

    @Test
    void shouldKeepResetsOutOfTheWindowAlsoWhenLiberal() {
        tracker = tracker(false);
        establish(SCALE_7, SCALE_7);
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 101, NOTHING, 100);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 601, NOTHING, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101 + 65_535 * 200, 501, NOTHING, 1000);
        see(Verdict.RESET_INVALID, SERVER, RST, 100, 0, NOTHING, 0);
    }

    @Test
    void shouldTakeSelectiveAcknowledgementsAtTheirRightEdge() {
        establish(SCALE_7, SCALE_7);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 1000);
        final byte[] sackInRange = Frames.hex("01 01 08 0a 00000000 00000000 01 01 05 0a 000001f5 0000044d");
        see(Verdict.ACCEPTED, SERVER, ACK, 501, 101, sackInRange, 0);
        final byte[] sackBeyond = Frames.hex("01 01 08 0a 00000000 00000000 01 01 05 0a 000001f5 0000ffff");
        see(Verdict.OUT_OF_WINDOW, SERVER, ACK, 501, 101, sackBeyond, 0);
    }

    @Test
    void shouldFollowASimultaneousOpen() {
        open(SYN, 100, 0, SCALE_7, 0);
        see(Verdict.ACCEPTED, SERVER, SYN, 500, 0, SCALE_7, 0);
        assertState(TcpState.SYN_SENT2, 120);
        see(Verdict.ACCEPTED, CLIENT, SYN | ACK, 100, 501, SCALE_7, 0);
        assertState(TcpState.SYN_RECV, 60);
        see(Verdict.IGNORED, SERVER, SYN | ACK, 500, 101, SCALE_7, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
    }

    @Test
    void shouldPickUpInTheMiddleAndJudgeNoWindowThere() {
        open(ACK, 70_000, 9, NOTHING, 100);
        assertState(TcpState.ESTABLISHED, 300);
        see(Verdict.ACCEPTED, SERVER, ACK, 9, 70_100, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        see(Verdict.ACCEPTED, CLIENT, ACK, 70_100 + 1_000_000, 1009, NOTHING, 100);
    }

    @Test
    void shouldEndWhatWasNeverAnswered() {
        open(SYN, 100, 0, NOTHING, 0);
        see(Verdict.ABORTED, CLIENT, RST, 101, 0, NOTHING, 0);
        open(SYN, 100, 0, NOTHING, 0);
        see(Verdict.ABORTED, SERVER, RST | ACK, 0, 101, NOTHING, 0);
    }

    @Test
    void shouldGiveNoLongerLifeToOneThatOnlyAsks() {
        open(SYN, 100, 0, NOTHING, 0);
        later = TimeUnit.SECONDS.toNanos(60);
        see(Verdict.ACCEPTED, CLIENT, SYN, 100, 0, NOTHING, 0);
        assertState(TcpState.SYN_SENT, 120);
    }

    @Test
    void shouldBeginAnewWhenBothEndsHave() {
        establish(NOTHING, NOTHING);
        // The client has crashed and knows nothing of the connection.
        see(Verdict.IGNORED, CLIENT, SYN, 9_000_000, 0, SCALE_7, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        see(Verdict.ACCEPTED, SERVER, SYN | ACK, 7_000_000, 9_000_001, SCALE_7, 0);
        assertState(TcpState.SYN_RECV, 60);
        see(Verdict.ACCEPTED, CLIENT, ACK, 9_000_001, 7_000_001, NOTHING, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        see(Verdict.ACCEPTED, SERVER, ACK, 7_000_001, 9_000_001, NOTHING, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 9_000_001 + 65_535 * 128 - 1000, 7_000_001, NOTHING, 1000);
        see(Verdict.OUT_OF_WINDOW, CLIENT, ACK, 9_000_001 + 65_535 * 128 * 2, 7_000_001, NOTHING, 1000);
    }

    @Test
    void shouldPassTheResetThatAnswersNumbersOfAConnectionBefore() {
        open(SYN, 100, 0, NOTHING, 0);
        // The server still remembers another connection on the same ports.
        see(Verdict.IGNORED, SERVER, ACK, 7_000_000, 5_000_000, NOTHING, 0);
        Connection.addStatus(connection, Connection.SEEN_REPLY);
        see(Verdict.OUT_OF_WINDOW, CLIENT, RST, 5_000_001, 0, NOTHING, 0);
        see(Verdict.ACCEPTED, CLIENT, RST, 5_000_000, 0, NOTHING, 0);
        assertState(TcpState.CLOSE, 10);
        see(Verdict.REOPENED, CLIENT, SYN, 100, 0, NOTHING, 0);
    }

    @Test
    void shouldNotBeginAnewForAnAnswerToSomethingElse() {
        establish(NOTHING, NOTHING);
        see(Verdict.IGNORED, CLIENT, SYN, 9_000_000, 0, SCALE_7, 0);
        see(Verdict.IGNORED, SERVER, SYN | ACK, 7_000_000, 9_000_002, SCALE_7, 0);
        assertState(TcpState.ESTABLISHED, 432_000);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 100);
    }

    @Test
    void shouldRefuseWhatTheStateDoesNotAllow() {
        open(SYN, 100, 0, NOTHING, 0);
        see(Verdict.IMPOSSIBLE_STATE, CLIENT, FIN | ACK, 101, 1, NOTHING, 0);
        see(Verdict.IMPOSSIBLE_STATE, SERVER, FIN | ACK, 501, 101, NOTHING, 0);
    }

    @Test
    void shouldShortenTheTimeOfOneThatOnlyRetransmits() {
        establish(SCALE_7, SCALE_7);
        for (int i = 0; i < 5; i++) {
            see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 0);
        }
        assertState(TcpState.ESTABLISHED, 300);
    }

    @Test
    void shouldIgnoreOptionsThatMakeNoSense() {
        open(SYN, 100, 0, Frames.hex("03 00 07 01"), 0);
        assertFalse(Connection.has(connection, Connection.ASSURED));
        open(SYN, 100, 0, Frames.hex("03 ff 07 01"), 0);
        open(SYN, 100, 0, Frames.hex("03 03 ff 03"), 0);
        assertState(TcpState.SYN_SENT, 120);
    }

    private void establish(final byte[] clientOptions, final byte[] serverOptions) {
        open(SYN, 100, 0, clientOptions, 0);
        see(Verdict.ACCEPTED, SERVER, SYN | ACK, 500, 101, serverOptions, 0);
        see(Verdict.ACCEPTED, CLIENT, ACK, 101, 501, NOTHING, 0);
    }

    private void open(final int flags, final int sequence, final int ack, final byte[] options, final int length) {
        new UnsafeBuffer(connection, Connection.BYTES).setMemory(0, Connection.BYTES, (byte) 0);
        tracker.open(connection, segment, write(flags, sequence, ack, options, length), NOW);
    }

    private void see(final Verdict expected, final int direction, final int flags, final int sequence, final int ack,
                     final byte[] options, final int length) {
        final Verdict verdict =
            tracker.track(connection, direction, segment, write(flags, sequence, ack, options, length), NOW + later);
        assertEquals(expected, verdict);
        if (direction == SERVER && verdict == Verdict.ACCEPTED) {
            Connection.addStatus(connection, Connection.SEEN_REPLY);
        }
    }

    private int write(final int flags, final int sequence, final int ack, final byte[] options, final int length) {
        final byte[] packet = Packets.tcp("10.0.0.1", 1, "10.0.0.2", 2, flags, sequence, ack, 65_535, options,
            new byte[length]);
        final byte[] l4 = Arrays.copyOfRange(packet, 20, packet.length);
        new UnsafeBuffer(segment, l4.length).putBytes(0, l4);
        return l4.length;
    }

    private void assertState(final TcpState state, final int timeoutSeconds) {
        assertEquals(state, TcpState.values()[Connection.tcpState(connection)]);
        assertEquals(timeoutSeconds, TimeUnit.NANOSECONDS.toSeconds(Connection.deadlineNs(connection) - NOW));
    }
}
