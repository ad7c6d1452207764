package org.sluice.datapath.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;

import org.junit.jupiter.api.Test;

/** The table of transitions against the kernel's, each cell. */
class TcpStateTest {
    /** Linux net/netfilter/nf_conntrack_proto_tcp.c, in words of two letters; rows original then reply. */
    private static final String KERNEL = """
        syn    SS SS IG IG IG IG IG SS SS S2
        synack IV IV SR IV IV IV IV IV IV SR
        fin    IV IV FW FW LA LA LA TW CL IV
        ack    ES IV ES ES CW CW TW TW CL IV
        rst    IV CL CL CL CL CL CL CL CL CL
        none   IV IV IV IV IV IV IV IV IV IV
        syn    IV S2 IV IV IV IV IV SS IV S2
        synack IV SR IG IG IG IG IG IG IG SR
        fin    IV IV FW FW LA LA LA TW CL IV
        ack    IV IG SR ES CW CW TW TW CL IG
        rst    IV CL CL CL CL CL CL CL CL CL
        none   IV IV IV IV IV IV IV IV IV IV
        """;
    private static final Map<String, Integer> NUMBERS = Map.of("SS", 1, "SR", 2, "ES", 3, "FW", 4, "CW", 5, "LA", 6,
        "TW", 7, "CL", 8, "S2", 9, "IG", TcpState.IGNORE);
    private static final int[] FLAGS = {0x02, 0x12, 0x11, 0x10, 0x04, 0x00};

    @Test
    void shouldAgreeWithTheKernelInEachCell() {
        final String[] rows = KERNEL.strip().split("\n");
        for (int row = 0; row < rows.length; row++) {
            final String[] cells = rows[row].strip().split("\\s+");
            for (int state = 0; state < 10; state++) {
                final int expected = NUMBERS.getOrDefault(cells[state + 1], TcpState.INVALID);
                assertEquals(expected, TcpState.next(row / 6, TcpState.kindOf(FLAGS[row % 6]), state),
                    (row < 6 ? "original " : "reply ") + cells[0] + " in " + TcpState.values()[state]);
            }
        }
    }

    @Test
    void shouldKnowWhatFlagsMayStandTogether() {
        for (final int possible : new int[] {0x02, 0x12, 0x22, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30, 0x18, 0xC2, 0x19}) {
            assertTrue(TcpState.isPossible(possible), Integer.toHexString(possible));
        }
        for (final int impossible : new int[] {0x00, 0x01, 0x03, 0x06, 0x07, 0x08, 0x13, 0x15, 0x20, 0x29, 0x3F}) {
            assertFalse(TcpState.isPossible(impossible), Integer.toHexString(impossible));
        }
    }
}
