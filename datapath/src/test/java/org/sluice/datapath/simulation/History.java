package org.sluice.datapath.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;

/** What was done and seen: its end for a report, and all of it as a number that two runs of a seed must share. */
final class History {
    private static final int LINES = 30;

    private final Deque<String> lines = new ArrayDeque<>();
    private long digest = 0xCBF2_9CE4_8422_2325L;

    void note(final String line) {
        if (lines.size() == LINES) {
            lines.removeFirst();
        }
        lines.add(line);
        for (int i = 0; i < line.length(); i++) {
            mix(line.charAt(i));
        }
    }

    void saw(final Station at, final byte[] frame) {
        mix(at.port());
        for (final byte b : frame) {
            mix(b);
        }
    }

    /** FNV-1a. */
    private void mix(final int value) {
        digest = (digest ^ value & 0xFFFF) * 0x100_0000_01B3L;
    }

    long digest() {
        return digest;
    }

    static String hex(final byte[] bytes) {
        return HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 96)) + (bytes.length > 96 ? "..." : "");
    }

    @Override
    public String toString() {
        return String.join(System.lineSeparator(), lines);
    }
}
