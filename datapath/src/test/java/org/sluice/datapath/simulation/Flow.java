package org.sluice.datapath.simulation;

import java.util.concurrent.TimeUnit;

/**
 * A connection as the model knows it. Between the time up to which it must be alive and the time from which it must be
 * over, nobody can tell, and the simulation does not use it.
 */
final class Flow {
    static final int ORIGINAL = 0;
    static final int REPLY = 1;
    private static final int UNKNOWN = -1;
    private static final long UDP_S = 30;
    private static final long UDP_STREAM_S = 120;
    private static final long STREAM_AFTER_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long ECHO_S = 30;

    private final FlowModel model;
    private final Tuple original;
    private final Station client;
    private final Station server;
    private final Address serverAddress;
    private final int serverPort;
    private final Address translatedSource;
    private final boolean portIsChosen;
    private final TcpLife tcp;
    private final Packet[] lastSent = new Packet[2];
    private int translatedPort = UNKNOWN;
    private boolean answered;
    /** Datagrams have gone both ways for more than two seconds. */
    private boolean stream;
    private long openedNs;
    private long aliveUntilNs;
    private long overFromNs;

    /**
     * @param original         what the client sends.
     * @param leaving          what the server sees, but for the source port if that is chosen by the switch.
     * @param client           or null for one in the world.
     * @param server           or null for one in the world.
     * @param portIsChosen     whether the switch chooses the source port.
     * @param tcp              or null.
     */
    Flow(final FlowModel model, final Tuple original, final Tuple leaving, final Station client, final Station server,
         final boolean portIsChosen, final TcpLife tcp) {
        this.model = model;
        this.original = original;
        this.client = client;
        this.server = server;
        serverAddress = leaving.destination();
        serverPort = leaving.destinationPort();
        translatedSource = leaving.source();
        this.portIsChosen = portIsChosen;
        this.tcp = tcp;
        if (!portIsChosen) {
            translatedPort = leaving.sourcePort();
        }
    }

    Tuple original() {
        return original;
    }

    /** What answers look like when they arrive; the translation must be known. */
    Tuple reply() {
        return leaving(ORIGINAL, translatedPort).inverse();
    }

    /** What packets of the direction look like when they leave the switch. */
    Tuple leaving(final int direction, final int port) {
        return direction == REPLY ? original.inverse()
            : new Tuple(original.protocol(), translatedSource, port, serverAddress, serverPort);
    }

    /** The station that packets of the direction come from, or null for the world. */
    Station sender(final int direction) {
        return direction == ORIGINAL ? client : server;
    }

    boolean isDestinationTranslated() {
        return !serverAddress.equals(original.destination()) || serverPort != original.destinationPort();
    }

    TcpLife tcp() {
        return tcp;
    }

    boolean isTranslationKnown() {
        return translatedPort != UNKNOWN;
    }

    int translatedPort() {
        return translatedPort;
    }

    boolean isPortChosen() {
        return portIsChosen;
    }

    /** Whether the switch may give the flow this port. */
    boolean mayChoose(final int port) {
        return model.mayHave(this, port);
    }

    void choose(final int port) {
        translatedPort = port;
    }

    /** The source port, or the identifier of an echo, of a frame with a packet of this flow. */
    int portOf(final byte[] frame) {
        final int layer4 = Frame.HEADER + (original.source().isV4() ? 20 : 40);
        final int at = original.destinationPort() == 0 ? layer4 + 4 : layer4;
        return frame.length < at + 2 ? UNKNOWN : Packet.u16(frame, at);
    }

    /** A packet of the direction has passed, or was lost behind the switch's tables. */
    void saw(final int direction, final Packet packet, final long nowNs) {
        final boolean first = lastSent[direction] == null;
        if (lastSent[ORIGINAL] == null && lastSent[REPLY] == null) {
            openedNs = nowNs;
        }
        lastSent[direction] = packet;
        answered |= direction == REPLY;
        if (tcp != null) {
            tcp.saw(packet.flags());
            // An opening that is sent again gives no longer life.
            if (first || (packet.flags() & Packet.SYN) == 0) {
                aliveUntilNs = nowNs + TimeUnit.SECONDS.toNanos(tcp.leastSeconds());
            }
            overFromNs = nowNs + TimeUnit.SECONDS.toNanos(tcp.mostSeconds());
            return;
        }
        stream |= answered && original.protocol() == Packet.UDP && nowNs - openedNs > STREAM_AFTER_NS;
        final long seconds = original.protocol() != Packet.UDP ? ECHO_S : stream ? UDP_STREAM_S : UDP_S;
        aliveUntilNs = nowNs + TimeUnit.SECONDS.toNanos(seconds);
        overFromNs = aliveUntilNs;
    }

    /** The packet of the direction that was sent last, or null. */
    Packet lastSent(final int direction) {
        return lastSent[direction];
    }

    /** The table was full: it may have been dropped early. */
    void doubt(final long nowNs) {
        if (tcp == null ? !stream : !tcp.isEstablished()) {
            aliveUntilNs = Math.min(aliveUntilNs, nowNs);
        }
    }

    /** The switch ends it. */
    void end(final long nowNs) {
        aliveUntilNs = nowNs;
        overFromNs = nowNs;
    }

    /** Whether its packets would leave by an uplink that its translated source does not belong to. */
    boolean isOfAnotherUplink(final int direction, final RouteEntry route) {
        return direction == ORIGINAL && !translatedSource.equals(original.source())
            && !translatedSource.equals(route.source());
    }

    boolean isAlive(final long nowNs) {
        return nowNs < aliveUntilNs;
    }

    boolean isOver(final long nowNs) {
        return nowNs >= overFromNs;
    }

    @Override
    public String toString() {
        return original + " as " + translatedSource + "#" + translatedPort + ">" + serverAddress + "#" + serverPort;
    }
}
