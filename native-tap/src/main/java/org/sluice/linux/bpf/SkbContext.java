package org.sluice.linux.bpf;

/** Offsets of the fields that a packet program reads (Linux uapi/linux/bpf.h, {@code struct __sk_buff}). */
final class SkbContext {
    static final int PACKET_TYPE = 4;
    static final int PROTOCOL = 16;
    static final int VLAN_PRESENT = 20;
    static final int LINK_INDEX = 40;
    static final int DATA = 76;
    static final int DATA_END = 80;

    /** The packet type of packets for the host (uapi/linux/if_packet.h, PACKET_HOST). */
    static final int PACKET_HOST = 0;
    /** EtherTypes in network byte order, as in the field. */
    static final int IPV4 = 0x0008;
    static final int IPV6 = 0xDD86;

    private SkbContext() {
    }
}
