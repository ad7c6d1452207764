package org.sluice.datapath.nat;

import java.util.BitSet;

import org.sluice.datapath.protocol.IpProtocol;

/**
 * The ports that the host uses itself, and those that it chooses from for its own connections: the switch leaves them
 * alone while it has others. What is here may be some seconds old; a connection of the host's keeps its packets all the
 * same. Control writes it, as a whole; workers read it.
 */
public final class HostPorts {
    /** Of a host that uses none. */
    public static final HostPorts NONE = new HostPorts();

    private static final int PROTOCOLS = 3;
    private static final int WORDS = 65_536 / Long.SIZE;

    /**
     * @param used           bits of ports, for each protocol.
     * @param ephemeralFirst the lowest of those that the host chooses from.
     * @param ephemeralLast  the highest.
     */
    private record State(long[][] used, int ephemeralFirst, int ephemeralLast) {
    }

    private volatile State state = new State(new long[PROTOCOLS][WORDS], 1, 0);

    /**
     * Sets all.
     *
     * @param tcp            ports in use.
     * @param udp            likewise.
     * @param sctp           likewise.
     * @param ephemeralFirst lowest of the ports that the host chooses from.
     * @param ephemeralLast  highest.
     */
    public void set(final BitSet tcp, final BitSet udp, final BitSet sctp, final int ephemeralFirst,
                    final int ephemeralLast) {
        final BitSet[] all = {tcp, udp, sctp};
        final long[][] words = new long[PROTOCOLS][WORDS];
        for (int slot = 0; slot < PROTOCOLS; slot++) {
            final long[] set = all[slot].toLongArray();
            System.arraycopy(set, 0, words[slot], 0, set.length);
        }
        state = new State(words, ephemeralFirst, ephemeralLast);
    }

    /** Whether a socket of the host has the port; true for a protocol without ports. */
    boolean isUsed(final int protocol, final int port) {
        final int slot = switch (protocol) {
            case IpProtocol.TCP -> 0;
            case IpProtocol.UDP -> 1;
            case IpProtocol.SCTP -> 2;
            default -> -1;
        };
        return slot < 0 || (state.used[slot][port >>> 6] & 1L << port) != 0;
    }

    /** Whether the host may choose the port, at any moment, for a connection of its own. */
    boolean isEphemeral(final int port) {
        final State now = state;
        return port >= now.ephemeralFirst && port <= now.ephemeralLast;
    }
}
