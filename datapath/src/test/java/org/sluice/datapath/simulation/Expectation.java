package org.sluice.datapath.simulation;

import java.util.function.IntFunction;

/** A frame that must come out at a station, just once. */
final class Expectation {
    private final Station at;
    private final IntFunction<byte[]> frameByPort;
    private final Flow chooses;

    private Expectation(final Station at, final IntFunction<byte[]> frameByPort, final Flow chooses) {
        this.at = at;
        this.frameByPort = frameByPort;
        this.chooses = chooses;
    }

    static Expectation of(final Station at, final byte[] frame) {
        return new Expectation(at, port -> frame, null);
    }

    /** The switch chooses the source port of the flow with this frame. */
    static Expectation choosing(final Station at, final Flow flow, final IntFunction<byte[]> frameByPort) {
        return new Expectation(at, frameByPort, flow);
    }

    Station at() {
        return at;
    }

    /** Whether the frame is the one that is meant; a port that it tells is then noted. */
    boolean isMetBy(final byte[] seen) {
        if (chooses == null || chooses.isTranslationKnown()) {
            return Frame.isSame(frameByPort.apply(chooses == null ? 0 : chooses.translatedPort()), seen);
        }
        final int port = chooses.portOf(seen);
        if (!chooses.mayChoose(port) || !Frame.isSame(frameByPort.apply(port), seen)) {
            return false;
        }
        chooses.choose(port);
        return true;
    }

    @Override
    public String toString() {
        return at + ": " + History.hex(frameByPort.apply(chooses == null || !chooses.isTranslationKnown() ? 0
            : chooses.translatedPort())) + (chooses == null ? "" : " of " + chooses);
    }
}
