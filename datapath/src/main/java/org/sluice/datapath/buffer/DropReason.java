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
    SOURCE_NOT_HOST("source address of a packet from the host is none of the host's: it would forward it"),
    ARP_SPOOFED("ARP speaks for an address that is not the endpoint's"),
    ND_SPOOFED("neighbour advertisement for an address that is not the endpoint's, or a router's word"),
    EGRESS_IS_INGRESS("destination is on the port that the frame came from"),
    NO_EGRESS("nobody else is on the network"),
    NO_ROUTE("sent to the gateway for an address that it has no route to"),
    NO_HOST_PORT("sent to the gateway of a network without a host port"),
    MTU_EXCEEDED("longer than the MTU of the egress port"),
    EGRESS_REFUSED("the egress device did not take it"),
    VLAN_NOT_ROUTED("sent to the gateway with a VLAN tag"),
    IPV4_CHECKSUM_WRONG("wrong IPv4 header checksum"),
    L4_CHECKSUM_WRONG("wrong TCP, UDP or ICMP checksum in a packet that opens, ends or reports on a connection"),
    MARTIAN_ADDRESS("to be routed, with an address that never is: loopback, multicast, unspecified"),
    INGRESS_MISMATCH("packet of a connection, but from another port than its endpoint's"),
    TTL_EXPIRED("TTL or hop limit used up; the sender is told"),
    FRAGMENTATION_NEEDED("longer than the MTU of its way out and not to be cut; the sender is told"),
    FRAGMENT_OVERLAPPING("fragment that overlaps another one, or makes a packet of more than 65,535 bytes"),
    FRAGMENT_TABLE_FULL("fragment of a packet whose beginning has not come, and no room to keep it"),
    FRAGMENT_EXPIRED("fragment of a packet whose beginning has never come"),
    TCP_FLAGS_INVALID("TCP flags that nobody may send together"),
    TCP_STATE_INVALID("TCP packet that its connection's state does not allow"),
    TCP_OUT_OF_WINDOW("TCP packet outside the window of its connection"),
    TCP_RESET_INVALID("TCP reset that the receiver would not take"),
    TCP_NO_CONNECTION("TCP packet of no known connection that may not open one"),
    ICMP_NOT_TRACKED("ICMP message that is neither an echo nor an error"),
    ICMP_ERROR_MALFORMED("ICMP error that does not hold the packet it is about"),
    ICMP_ERROR_UNRELATED("ICMP error about no known connection"),
    CONNTRACK_CLASH("its connection was ended within the burst, or would be taken for another one"),
    CONNTRACK_FULL("no room for another connection"),
    CONNTRACK_PORT_LIMIT("the endpoint has as many connections as it may"),
    NAT_PORTS_EXHAUSTED("no source port is free for the destination"),
    NAT_NO_ADDRESS("to be masqueraded, by a way on which the host has no address"),
    NOT_PUBLISHED("from outside, for a port that is not published"),
    NETWORK_ISOLATED("from one network to another"),
    NETWORK_INTERNAL("from an internal network to the outside"),
    ICC_DISABLED("from endpoint to endpoint of a network without inter-container communication"),
    NEIGHBOUR_QUEUE_FULL("more packets than may wait for a neighbour's MAC address"),
    NEIGHBOUR_UNREACHABLE("the neighbour does not answer"),
    VXLAN_MALFORMED("too short for VXLAN and an Ethernet header, or without the flag I"),
    VNI_UNKNOWN("VXLAN for a VNI that no network here has"),
    VTEP_UNKNOWN("VXLAN from a host that is no VTEP of the network"),
    TUNNEL_CONGESTED("met congestion in the underlay, and its endpoints know nothing of ECN"),
    TUNNEL_NOT_RELAYED("from a VTEP for what is not an endpoint here, or from the host for another host's endpoint"),
    REMOTE_MAC_SPOOFED("from a VTEP, with the MAC of somebody who is elsewhere"),
    OVERLAY_VLAN("with a VLAN tag, which an overlay network does not carry");

    private final String description;

    DropReason(final String description) {
        this.description = description;
    }

    /** What it means, for people. */
    public String description() {
        return description;
    }
}
