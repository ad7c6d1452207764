package org.sluice.datapath.buffer;

/**
 * Why a frame was dropped. Each cause has one name and one counter. The description is a noun phrase that names the
 * frame or the missing thing. The order is the order of the counters in the mapped file. The enum lives in this low
 * package because a batch notes the reason at each frame.
 */
public enum DropReason {
    FRAME_TRUNCATED("frame shorter than an Ethernet header"),
    FRAME_OVERSIZED("frame longer than 65,535 bytes and two VLAN tags"),
    SOURCE_MAC_INVALID("source MAC that is zero or a group address"),
    RESERVED_MULTICAST("destination MAC 01:80:c2:00:00:0x, which no bridge forwards"),
    VLAN_TRUNCATED("frame that ends within a VLAN tag"),
    VLAN_STACK_TOO_DEEP("frame with more than two VLAN tags"),
    ARP_MALFORMED("ARP that is truncated, or not for IPv4 over Ethernet"),
    IPV4_HEADER_MALFORMED("IPv4 header that is truncated, or has a wrong version or length"),
    IPV4_LENGTH_INVALID("IPv4 total length that exceeds the frame"),
    IPV6_HEADER_MALFORMED("IPv6 header that is truncated, or has a wrong version"),
    IPV6_LENGTH_INVALID("IPv6 payload length that exceeds the frame"),
    IPV6_EXTENSION_MALFORMED("IPv6 extension headers that are truncated, misplaced, or more than eight"),
    TCP_MALFORMED("TCP header that is truncated, or has a wrong data offset"),
    UDP_MALFORMED("UDP header that is truncated, or has a wrong length"),
    ICMP_MALFORMED("ICMP header that is truncated"),
    ICMPV6_MALFORMED("ICMPv6 header that is truncated"),
    VIRTIO_HEADER_INVALID("virtio-net header that contradicts the frame"),
    GSO_SEGMENTS_EXCEEDED("super-frame that would be cut into too many packets"),
    SOURCE_MAC_SPOOFED("source MAC that is not the endpoint's own"),
    SOURCE_IPV4_SPOOFED("source IPv4 address that is not the endpoint's own"),
    SOURCE_IPV6_SPOOFED("source IPv6 address that is not the endpoint's own"),
    SOURCE_NOT_HOST("packet that the host forwards into the network; only its own packets may enter"),
    ARP_SPOOFED("ARP for an address that is not the endpoint's own"),
    ND_SPOOFED("neighbour advertisement for an address that is not the endpoint's own, or a router's message"),
    GROUP_FRAME_FOR_HOST("frame for a group MAC with a packet for one of the host's addresses inside"),
    EGRESS_IS_INGRESS("frame for a MAC behind the port that it came from"),
    NO_EGRESS("flooded frame in a network without another port"),
    FLOOD_QUEUE_FULL("flooded frame behind others that have not reached all ports yet, queue full"),
    NO_ROUTE("packet for an address without a route"),
    NO_HOST_PORT("packet for the host in a network without a host port"),
    MTU_EXCEEDED("frame longer than the egress port's MTU"),
    EGRESS_DOWN("frame for a device whose link is down, or for a VTEP without a route"),
    EGRESS_FULL("frame that the egress device had no room for"),
    EGRESS_TOO_LONG("frame longer than the egress device, or the path to the VTEP, takes"),
    EGRESS_REFUSED("frame that the egress device refused as malformed"),
    ROUTE_BY_NO_UPLINK("packet whose route leads out by an interface that is no uplink, or into an encapsulation"),
    ROUTE_TO_HOST("packet of a connection to the outside whose destination is now the host's own"),
    ROUTE_BLACKHOLE("packet whose route, or a rule of the routing policy, is a blackhole"),
    ROUTE_UNREACHABLE("packet whose route is of the type unreachable; an ICMP error tells the sender"),
    ROUTE_PROHIBITED("packet that its route or a rule of the routing policy prohibits; an ICMP error tells the sender"),
    RULE_UNREACHABLE("packet that a rule of the routing policy makes unreachable; an ICMP error tells the sender"),
    RULE_NOT_UNDERSTOOD("packet that a rule of the routing policy may match which the switch does not understand"),
    VLAN_NOT_ROUTED("packet for the gateway with a VLAN tag"),
    IPV4_CHECKSUM_WRONG("IPv4 header with a wrong checksum"),
    L4_CHECKSUM_WRONG("wrong TCP, UDP or ICMP checksum in a packet that opens, ends or reports on a connection"),
    MARTIAN_ADDRESS("address that is never routed: loopback, multicast, unspecified, or another endpoint's"),
    INGRESS_MISMATCH("packet of a connection through another port than its endpoint's"),
    TTL_EXPIRED("TTL or hop limit used up; an ICMP error tells the sender"),
    FRAGMENTATION_NEEDED("packet longer than the path MTU that must not be fragmented; an ICMP error tells the sender"),
    FRAGMENT_DUPLICATE("fragment whose bytes have all arrived before; its packet goes on without it"),
    FRAGMENT_OVERLAPPING("fragment that overlaps another, or makes a packet of more than 65,535 bytes"),
    FRAGMENT_BEYOND_END("fragment behind the end of its packet, or with another end than one before"),
    FRAGMENT_OF_DROPPED_PACKET("fragment of a packet of which an earlier fragment was dropped"),
    FRAGMENT_TABLE_FULL("fragment before the first of its packet, without room to keep it"),
    FRAGMENT_EXPIRED("fragment of a packet whose first fragment never came"),
    TCP_FLAGS_INVALID("impossible combination of TCP flags"),
    TCP_STATE_INVALID("TCP packet that its connection's state does not allow"),
    TCP_OUT_OF_WINDOW("TCP packet outside its connection's window"),
    TCP_RESET_INVALID("TCP reset that its receiver would ignore"),
    TCP_NO_CONNECTION("TCP packet without a connection that may not open one"),
    ICMP_NOT_TRACKED("ICMP message that is neither an echo nor an error"),
    ICMP_ERROR_MALFORMED("ICMP error without the packet that it reports on"),
    ICMP_ERROR_UNRELATED("ICMP error about an unknown connection"),
    CONNTRACK_CLASH("packet whose connection ended within the burst, or whose tuple another connection has"),
    CONNTRACK_FULL("new connection, connection table full"),
    CONNTRACK_PORT_LIMIT("new connection, endpoint's share of the table used up"),
    NAT_PORTS_EXHAUSTED("new connection, no source port free for its destination"),
    NAT_NO_ADDRESS("new connection to masquerade, host without an address on its uplink"),
    NAT_UPLINK_CHANGED("packet of a masqueraded connection that would leave by another uplink; the next opens anew"),
    NOT_PUBLISHED("packet from outside for a port that is not published"),
    NETWORK_ISOLATED("packet from one network to another"),
    NETWORK_INTERNAL("packet out of an internal network"),
    ICC_DISABLED("frame between endpoints of a network without inter-container communication"),
    NEIGHBOUR_QUEUE_FULL("packet that waits for a neighbour's MAC address, queue full"),
    NEIGHBOUR_UNREACHABLE("packet for a neighbour that does not answer ARP or ND"),
    TUNNEL_FORGED("endpoint's datagram to the UDP port of the host's tunnels"),
    VXLAN_MALFORMED("datagram too short for VXLAN and Ethernet headers, or without the flag I"),
    VNI_UNKNOWN("VXLAN packet with a VNI that no network has"),
    VTEP_UNKNOWN("VXLAN packet from a host that is not a VTEP of the network"),
    TUNNEL_CONGESTED("packet marked by congestion in the underlay whose endpoints do not support ECN"),
    TUNNEL_NOT_RELAYED("frame from a VTEP for no local endpoint, or from the host for another host's endpoint"),
    REMOTE_MAC_SPOOFED("frame from a VTEP with a source MAC that belongs elsewhere"),
    OVERLAY_VLAN("frame with a VLAN tag in an overlay network");

    private final String description;

    DropReason(final String description) {
        this.description = description;
    }

    /** The meaning in words. */
    public String description() {
        return description;
    }
}
