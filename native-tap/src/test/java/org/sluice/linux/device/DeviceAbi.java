package org.sluice.linux.device;

import java.util.LinkedHashMap;
import java.util.Map;

import org.sluice.linux.sys.Sockets;

/** What the device classes assume of the kernel's headers, as C expressions. */
public final class DeviceAbi {
    private DeviceAbi() {
    }

    public static Map<String, Long> assumed() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.putAll(tap());
        assumed.putAll(packetSocket());
        assumed.putAll(tunnelSocket());
        return assumed;
    }

    private static Map<String, Long> tap() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("sizeof(struct ifreq)", (long) TapDevice.IFREQ_BYTES);
        assumed.put("offsetof(struct ifreq, ifr_flags)", (long) TapDevice.IFREQ_FLAGS_OFFSET);
        assumed.put("IFNAMSIZ", (long) TapDevice.NAME_BYTES);
        assumed.put("IFF_TAP", (long) TapDevice.IFF_TAP);
        assumed.put("IFF_NO_PI", (long) TapDevice.IFF_NO_PI);
        assumed.put("IFF_VNET_HDR", (long) TapDevice.IFF_VNET_HDR);
        assumed.put("IFF_TUN_EXCL", (long) TapDevice.IFF_TUN_EXCL);
        assumed.put("TUNSETIFF", TapDevice.TUNSETIFF);
        assumed.put("TUNSETPERSIST", TapDevice.TUNSETPERSIST);
        assumed.put("TUNGETIFF", TapDevice.TUNGETIFF);
        assumed.put("TUNGETDEVNETNS", TapDevice.TUNGETDEVNETNS);
        assumed.put("TUNSETOFFLOAD", TapDevice.TUNSETOFFLOAD);
        assumed.put("TUNSETVNETHDRSZ", TapDevice.TUNSETVNETHDRSZ);
        assumed.put("TUN_F_CSUM", (long) TapOffload.CHECKSUM);
        assumed.put("TUN_F_TSO4", (long) TapOffload.TSO4);
        assumed.put("TUN_F_TSO6", (long) TapOffload.TSO6);
        assumed.put("TUN_F_TSO_ECN", (long) TapOffload.TSO_ECN);
        assumed.put("sizeof(struct virtio_net_hdr)", 10L);
        assumed.put("offsetof(struct virtio_net_hdr, gso_type)", 1L);
        assumed.put("offsetof(struct virtio_net_hdr, hdr_len)", 2L);
        assumed.put("offsetof(struct virtio_net_hdr, gso_size)", 4L);
        assumed.put("offsetof(struct virtio_net_hdr, csum_start)", 6L);
        assumed.put("offsetof(struct virtio_net_hdr, csum_offset)", 8L);
        assumed.put("VIRTIO_NET_HDR_F_NEEDS_CSUM", 1L);
        assumed.put("VIRTIO_NET_HDR_GSO_TCPV4", 1L);
        assumed.put("VIRTIO_NET_HDR_GSO_UDP", 3L);
        assumed.put("VIRTIO_NET_HDR_GSO_TCPV6", 4L);
        assumed.put("VIRTIO_NET_HDR_GSO_ECN", 0x80L);
        return assumed;
    }

    private static Map<String, Long> packetSocket() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("AF_PACKET", (long) UplinkDevice.AF_PACKET);
        assumed.put("SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC", (long) UplinkDevice.SOCK_RAW_NONBLOCK_CLOEXEC);
        assumed.put("ETH_P_ALL", (long) UplinkDevice.ETH_P_ALL);
        assumed.put("SOL_SOCKET", (long) Sockets.SOL_SOCKET);
        assumed.put("SO_ERROR", (long) UplinkDevice.SO_ERROR);
        assumed.put("SO_SNDBUFFORCE", (long) UplinkDevice.SO_SNDBUFFORCE);
        assumed.put("SO_ATTACH_BPF", (long) UplinkDevice.SO_ATTACH_BPF);
        assumed.put("SOL_PACKET", (long) UplinkDevice.SOL_PACKET);
        assumed.put("PACKET_RX_RING", (long) UplinkDevice.PACKET_RX_RING);
        assumed.put("PACKET_STATISTICS", (long) UplinkDevice.PACKET_STATISTICS);
        assumed.put("PACKET_VERSION", (long) UplinkDevice.PACKET_VERSION);
        assumed.put("PACKET_VNET_HDR", (long) UplinkDevice.PACKET_VNET_HDR);
        assumed.put("PACKET_IGNORE_OUTGOING", (long) UplinkDevice.PACKET_IGNORE_OUTGOING);
        assumed.put("TPACKET_V2", (long) UplinkDevice.TPACKET_V2);
        assumed.put("sizeof(struct sockaddr_ll)", (long) UplinkDevice.SOCKADDR_LL_BYTES);
        assumed.put("offsetof(struct sockaddr_ll, sll_protocol)", (long) UplinkDevice.SOCKADDR_PROTOCOL_OFFSET);
        assumed.put("offsetof(struct sockaddr_ll, sll_ifindex)", (long) UplinkDevice.SOCKADDR_IFINDEX_OFFSET);
        assumed.put("sizeof(struct tpacket_req)", (long) UplinkDevice.RING_REQUEST_BYTES);
        assumed.put("offsetof(struct tpacket2_hdr, tp_status)", (long) UplinkDevice.STATUS_OFFSET);
        assumed.put("offsetof(struct tpacket2_hdr, tp_len)", (long) UplinkDevice.LENGTH_OFFSET);
        assumed.put("offsetof(struct tpacket2_hdr, tp_snaplen)", (long) UplinkDevice.CAPTURED_OFFSET);
        assumed.put("offsetof(struct tpacket2_hdr, tp_mac)", (long) UplinkDevice.MAC_OFFSET);
        assumed.put("TP_STATUS_USER", (long) UplinkDevice.STATUS_USER);
        assumed.put("TP_STATUS_KERNEL", (long) UplinkDevice.STATUS_KERNEL);
        assumed.put("VIRTIO_NET_HDR_F_DATA_VALID", 2L);
        return assumed;
    }

    private static Map<String, Long> tunnelSocket() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("SO_REUSEPORT", (long) UdpTunnelDevice.SO_REUSEPORT);
        assumed.put("SO_ATTACH_FILTER", (long) UdpTunnelDevice.SO_ATTACH_FILTER);
        assumed.put("(SO_SNDBUFFORCE)", (long) UdpTunnelDevice.SO_SNDBUFFORCE);
        assumed.put("SO_RCVBUFFORCE", (long) UdpTunnelDevice.SO_RCVBUFFORCE);
        assumed.put("SO_ATTACH_REUSEPORT_CBPF", (long) UdpTunnelDevice.SO_ATTACH_REUSEPORT_CBPF);
        assumed.put("SOL_UDP", (long) UdpTunnelDevice.SOL_UDP);
        assumed.put("UDP_SEGMENT", (long) UdpTunnelDevice.UDP_SEGMENT);
        assumed.put("UDP_GRO", (long) UdpTunnelDevice.UDP_GRO);
        assumed.put("UDP_NO_CHECK6_RX", (long) UdpTunnelDevice.UDP_NO_CHECK6_RX);
        assumed.put("IP_TOS", (long) UdpTunnelDevice.IP_TOS);
        assumed.put("IP_MTU_DISCOVER", (long) UdpTunnelDevice.IP_MTU_DISCOVER);
        assumed.put("IP_RECVTOS", (long) UdpTunnelDevice.IP_RECVTOS);
        assumed.put("IPV6_MTU_DISCOVER", (long) UdpTunnelDevice.IPV6_MTU_DISCOVER);
        assumed.put("IPV6_RECVTCLASS", (long) UdpTunnelDevice.IPV6_RECVTCLASS);
        assumed.put("IPV6_TCLASS", (long) UdpTunnelDevice.IPV6_TCLASS);
        assumed.put("IP_PMTUDISC_DO", (long) UdpTunnelDevice.PMTUDISC_DO);
        assumed.put("IPV6_PMTUDISC_DO", (long) UdpTunnelDevice.PMTUDISC_DO);
        assumed.put("sizeof(struct mmsghdr)", (long) UdpTunnelDevice.MMSGHDR_BYTES);
        assumed.put("offsetof(struct mmsghdr, msg_len)", (long) UdpTunnelDevice.MMSGHDR_LENGTH_OFFSET);
        assumed.put("sizeof(struct iovec)", 16L);
        assumed.put("offsetof(struct iovec, iov_len)", 8L);
        assumed.put("EINVAL", (long) UdpTunnelDevice.EINVAL);
        assumed.put("SO_MEMINFO", (long) UdpTunnelDevice.SO_MEMINFO);
        assumed.put("ENXIO", (long) Refusal.ENXIO);
        assumed.put("ENOMEM", (long) Refusal.ENOMEM);
        assumed.put("EMSGSIZE", (long) Refusal.EMSGSIZE);
        assumed.put("ENETDOWN", (long) Refusal.ENETDOWN);
        assumed.put("ENETUNREACH", (long) Refusal.ENETUNREACH);
        assumed.put("ENOBUFS", (long) Refusal.ENOBUFS);
        assumed.put("EHOSTUNREACH", (long) Refusal.EHOSTUNREACH);
        assumed.put("MSG_DONTWAIT", (long) UdpTunnelDevice.MSG_DONTWAIT);
        return assumed;
    }
}
