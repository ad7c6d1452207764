package org.sluice.datapath.simulation;

import java.nio.ByteBuffer;

/** Neighbour discovery (RFC 4861): questions for a MAC address, and answers to them. */
final class Discovery {
    private static final int HOP_LIMIT = 255;
    private static final byte SOLICITATION = (byte) 135;
    private static final byte ADVERTISEMENT = (byte) 136;
    private static final int SOLICITED_AND_OVERRIDE = 0x6000_0000;
    private static final int ROUTER = 0x8000_0000;

    private Discovery() {
    }

    static Packet solicitation(final Address source, final long mac, final Address target, final int id) {
        return packet(source, Address.v6(0xFF02_0000_0000_0000L, 0x1_FF00_0000L | target.low() & 0xFF_FFFF), id,
            SOLICITATION, 0, target, 1, mac);
    }

    /** To the one that has asked. */
    static Packet advertisement(final Address source, final long mac, final Address target, final Address asker,
                                final boolean router, final int id) {
        return packet(source, asker, id, ADVERTISEMENT, SOLICITED_AND_OVERRIDE | (router ? ROUTER : 0), target, 2, mac);
    }

    private static Packet packet(final Address source, final Address destination, final int id, final byte type,
                                 final int flags, final Address target, final int option, final long mac) {
        return new Packet(source, destination, Packet.ICMPV6, HOP_LIMIT, id, true, ByteBuffer.allocate(32).put(type)
            .put((byte) 0).putShort((short) 0).putInt(flags).put(target.bytes()).put((byte) option).put((byte) 1)
            .putShort((short) (mac >>> 32)).putInt((int) mac).array());
    }

    static boolean isIn(final Packet packet) {
        return isOfType(packet, SOLICITATION) || isOfType(packet, ADVERTISEMENT);
    }

    static boolean isSolicitation(final Packet packet) {
        return isOfType(packet, SOLICITATION);
    }

    static boolean isAdvertisement(final Packet packet) {
        return isOfType(packet, ADVERTISEMENT);
    }

    private static boolean isOfType(final Packet packet, final byte type) {
        return packet != null && packet.protocol() == Packet.ICMPV6 && packet.body()[0] == type;
    }

    /** Whom a packet of discovery is about. */
    static Address target(final Packet packet) {
        final ByteBuffer body = ByteBuffer.wrap(packet.body());
        return Address.v6(body.getLong(8), body.getLong(16));
    }
}
