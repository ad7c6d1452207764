package org.sluice.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.linux.bpf.BpfAbi;
import org.sluice.linux.netlink.NetlinkAbi;

/** Asks the C compiler and the kernel's headers for every constant and offset that the bindings assume. */
class LinuxAbiTest {
    private static final String HEADERS = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <sched.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/socket.h>
        #include <linux/if.h>
        #include <linux/if_tun.h>
        #include <linux/virtio_net.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/neighbour.h>
        #include <linux/pkt_sched.h>
        #include <linux/pkt_cls.h>
        #include <linux/if_packet.h>
        #include <linux/if_ether.h>
        #include <linux/bpf.h>
        #include <sys/syscall.h>
        #include <sys/socket.h>
        #include <linux/filter.h>
        #include <netinet/in.h>
        #include <netinet/udp.h>
        """;

    @TempDir
    private Path folder;

    @Test
    void shouldAgreeWithTheHeaders() throws Exception {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("O_RDWR", (long) Linux.O_RDWR);
        assumed.put("O_NONBLOCK", (long) Linux.O_NONBLOCK);
        assumed.put("O_CLOEXEC", (long) Linux.O_CLOEXEC);
        assumed.put("EPOLL_CLOEXEC", (long) Linux.O_CLOEXEC);
        assumed.put("EFD_NONBLOCK | EFD_CLOEXEC", (long) (Linux.O_NONBLOCK | Linux.O_CLOEXEC));
        assumed.put("EINTR", (long) Linux.EINTR);
        assumed.put("EIO", (long) Linux.EIO);
        assumed.put("EAGAIN", (long) Linux.EAGAIN);
        assumed.put("ENODEV", (long) Linux.ENODEV);
        assumed.put("EBADFD", (long) Linux.EBADFD);
        assumed.put("CLONE_NEWNET", (long) NetNamespace.CLONE_NEWNET);
        assumed.put("EPOLL_CTL_ADD", (long) Epoll.EPOLL_CTL_ADD);
        assumed.put("EPOLL_CTL_DEL", (long) Epoll.EPOLL_CTL_DEL);
        assumed.put("EPOLLIN", (long) Epoll.EPOLLIN);
        assumed.put("sizeof(struct epoll_event)", (long) Epoll.EVENT_BYTES);
        assumed.put("offsetof(struct epoll_event, data)", (long) Epoll.EVENT_DATA_OFFSET);
        assumed.put("sizeof(struct ifreq)", (long) TapDevice.IFREQ_BYTES);
        assumed.put("offsetof(struct ifreq, ifr_flags)", (long) TapDevice.IFREQ_FLAGS_OFFSET);
        assumed.put("IFNAMSIZ", (long) TapDevice.NAME_BYTES);
        assumed.put("IFF_TAP", (long) TapDevice.IFF_TAP);
        assumed.put("IFF_NO_PI", (long) TapDevice.IFF_NO_PI);
        assumed.put("IFF_VNET_HDR", (long) TapDevice.IFF_VNET_HDR);
        assumed.put("IFF_TUN_EXCL", (long) TapDevice.IFF_TUN_EXCL);
        assumed.put("TUNSETIFF", TapDevice.TUNSETIFF);
        assumed.put("TUNSETPERSIST", TapDevice.TUNSETPERSIST);
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
        assumed.putAll(packetSocket());
        assumed.putAll(datagramSocket());
        assumed.putAll(tunnelSocket());
        assumed.putAll(classicBpf());
        assumed.putAll(BpfAbi.assumed());
        assumed.putAll(NetlinkAbi.assumed());
        assertEquals(assumed, askTheCompiler(assumed));
    }

    private static Map<String, Long> packetSocket() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("AF_PACKET", (long) UplinkDevice.AF_PACKET);
        assumed.put("SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC", (long) UplinkDevice.SOCK_RAW_NONBLOCK_CLOEXEC);
        assumed.put("ETH_P_ALL", (long) UplinkDevice.ETH_P_ALL);
        assumed.put("SOL_SOCKET", (long) UplinkDevice.SOL_SOCKET);
        assumed.put("SO_ERROR", (long) UplinkDevice.SO_ERROR);
        assumed.put("SO_SNDBUFFORCE", (long) UplinkDevice.SO_SNDBUFFORCE);
        assumed.put("SO_ATTACH_BPF", (long) UplinkDevice.SO_ATTACH_BPF);
        assumed.put("SOL_PACKET", (long) UplinkDevice.SOL_PACKET);
        assumed.put("PACKET_RX_RING", (long) UplinkDevice.PACKET_RX_RING);
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

    private static Map<String, Long> datagramSocket() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("AF_INET", (long) AddressedDatagramSocket.AF_INET);
        assumed.put("AF_INET6", (long) AddressedDatagramSocket.AF_INET6);
        assumed.put("SOCK_DGRAM", (long) AddressedDatagramSocket.SOCK_DGRAM);
        assumed.put("SO_REUSEADDR", (long) AddressedDatagramSocket.SO_REUSEADDR);
        assumed.put("SOL_IP", (long) AddressedDatagramSocket.SOL_IP);
        assumed.put("SOL_IPV6", (long) AddressedDatagramSocket.SOL_IPV6);
        assumed.put("IP_RECVORIGDSTADDR", (long) AddressedDatagramSocket.IP_ORIGDSTADDR);
        assumed.put("IPV6_V6ONLY", (long) AddressedDatagramSocket.IPV6_V6ONLY);
        assumed.put("sizeof(struct msghdr)", (long) AddressedDatagramSocket.MESSAGE_BYTES);
        assumed.put("offsetof(struct msghdr, msg_name)", (long) AddressedDatagramSocket.MESSAGE_NAME_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_namelen)", (long) AddressedDatagramSocket.MESSAGE_NAME_LENGTH_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_iov)", (long) AddressedDatagramSocket.MESSAGE_IOVEC_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_iovlen)", (long) AddressedDatagramSocket.MESSAGE_IOVEC_COUNT_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_control)", (long) AddressedDatagramSocket.MESSAGE_CONTROL_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_controllen)",
            (long) AddressedDatagramSocket.MESSAGE_CONTROL_LENGTH_OFFSET);
        assumed.put("sizeof(struct cmsghdr)", (long) AddressedDatagramSocket.CONTROL_HEADER_BYTES);
        assumed.put("offsetof(struct cmsghdr, cmsg_level)", (long) AddressedDatagramSocket.CONTROL_LEVEL_OFFSET);
        assumed.put("offsetof(struct cmsghdr, cmsg_type)", (long) AddressedDatagramSocket.CONTROL_TYPE_OFFSET);
        assumed.put("sizeof(struct sockaddr_in)", (long) AddressedDatagramSocket.SOCKADDR_IN_BYTES);
        assumed.put("sizeof(struct sockaddr_in6)", (long) AddressedDatagramSocket.SOCKADDR_IN6_BYTES);
        assumed.put("offsetof(struct sockaddr_in6, sin6_port)", (long) AddressedDatagramSocket.PORT_OFFSET);
        assumed.put("offsetof(struct sockaddr_in, sin_addr)", (long) AddressedDatagramSocket.IPV4_OFFSET);
        assumed.put("offsetof(struct sockaddr_in6, sin6_addr)", (long) AddressedDatagramSocket.IPV6_OFFSET);
        assumed.put("offsetof(struct sockaddr_in6, sin6_scope_id)", (long) AddressedDatagramSocket.SCOPE_OFFSET);
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
        assumed.put("EMSGSIZE", (long) UdpTunnelDevice.EMSGSIZE);
        assumed.put("MSG_DONTWAIT", (long) UdpTunnelDevice.MSG_DONTWAIT);
        assumed.put("IP_MTU", (long) PathMtu.IP_MTU);
        assumed.put("IPV6_MTU", (long) PathMtu.IPV6_MTU);
        return assumed;
    }

    /** The opcodes as they stand in the programs: the low 16 bits of each instruction. */
    private static Map<String, Long> classicBpf() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        final long[] byVni = ClassicBpf.vniModulo(7);
        assumed.put("BPF_LD | BPF_W | BPF_ABS", byVni[0] & 0xFFFF);
        assumed.put("BPF_ALU | BPF_RSH | BPF_K", byVni[1] & 0xFFFF);
        assumed.put("BPF_ALU | BPF_MOD | BPF_K", byVni[2] & 0xFFFF);
        assumed.put("BPF_RET | BPF_A", byVni[3] & 0xFFFF);
        assumed.put("BPF_RET | BPF_K", ClassicBpf.nothing()[0] & 0xFFFF);
        assumed.put("sizeof(struct sock_filter)", (long) ClassicBpf.INSTRUCTION_BYTES);
        assumed.put("offsetof(struct sock_filter, k)", 4L);
        assumed.put("sizeof(struct sock_fprog)", 16L);
        assumed.put("offsetof(struct sock_fprog, len)", 0L);
        assumed.put("offsetof(struct sock_fprog, filter)", 8L);
        return assumed;
    }

    private Map<String, Long> askTheCompiler(final Map<String, Long> names) throws Exception {
        final StringBuilder program = new StringBuilder(HEADERS).append("int main(void) {\n");
        names.keySet().forEach(
            name -> program.append("printf(\"%lld\\n\", (long long) (").append(name).append("));\n"));
        program.append("return 0; }\n");
        final Path source = Files.writeString(folder.resolve("abi.c"), program);
        final Path binary = folder.resolve("abi");
        TestNamespace.run("cc", "-o", binary.toString(), source.toString());
        final String[] values = TestNamespace.run(binary.toString()).split("\n");
        final Map<String, Long> answer = new LinkedHashMap<>();
        int line = 0;
        for (final String name : names.keySet()) {
            answer.put(name, Long.parseLong(values[line++]));
        }
        return answer;
    }
}
