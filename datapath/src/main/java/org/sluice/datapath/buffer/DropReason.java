package org.sluice.datapath.buffer;

/**
 * Why a frame did not get through: one name a cause, each with a counter of its own. The order is the order of the
 * counters in the mapped file.
 */
public enum DropReason {
    FRAME_TRUNCATED("shorter than an Ethernet header"),
    FRAME_OVERSIZED("longer than any frame can be"),
    SOURCE_MAC_INVALID("source MAC is zero or a group address"),
    RESERVED_MULTICAST("destination 01:80:c2:00:00:0x, which a bridge keeps to one link"),
    VLAN_TRUNCATED("ends within a VLAN tag"),
    VLAN_STACK_TOO_DEEP("more than two VLAN tags"),
    ARP_MALFORMED("truncated ARP, or not for IPv4 over Ethernet"),
    IPV4_HEADER_MALFORMED("truncated IPv4 header, or wrong version or header length"),
    IPV4_LENGTH_INVALID("IPv4 total length is not within the frame"),
    IPV6_HEADER_MALFORMED("truncated IPv6 header, or wrong version"),
    IPV6_LENGTH_INVALID("IPv6 payload length is not within the frame"),
    IPV6_EXTENSION_MALFORMED("IPv6 extension headers truncated, or more than eight"),
    TCP_MALFORMED("truncated TCP header, or wrong data offset"),
    UDP_MALFORMED("truncated UDP header, or wrong length"),
    ICMP_MALFORMED("truncated ICMP header"),
    ICMPV6_MALFORMED("truncated ICMPv6 header"),
    VIRTIO_HEADER_INVALID("virtio-net header contradicts the frame"),
    SOURCE_MAC_SPOOFED("source MAC is not the endpoint's"),
    SOURCE_IPV4_SPOOFED("source IPv4 address is not the endpoint's"),
    SOURCE_IPV6_SPOOFED("source IPv6 address is not the endpoint's"),
    ARP_SPOOFED("ARP speaks for an address that is not the endpoint's"),
    ND_SPOOFED("neighbour advertisement speaks for an address that is not the endpoint's"),
    EGRESS_IS_INGRESS("destination is on the port that the frame came from"),
    NO_EGRESS("nobody else is on the network"),
    NO_ROUTE("sent to the gateway for an address that it has no route to"),
    NO_HOST_PORT("sent to the gateway of a network without a host port"),
    MTU_EXCEEDED("longer than the MTU of the egress port"),
    EGRESS_REFUSED("the egress device did not take it");

    private final String description;

    DropReason(final String description) {
        this.description = description;
    }

    /** What it means, for people. */
    public String description() {
        return description;
    }
}
