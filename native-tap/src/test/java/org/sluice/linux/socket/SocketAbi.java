package org.sluice.linux.socket;

import java.util.LinkedHashMap;
import java.util.Map;

import org.sluice.linux.sys.Sockets;

/** What the socket classes assume of the kernel's headers, as C expressions. */
public final class SocketAbi {
    private SocketAbi() {
    }

    public static Map<String, Long> assumed() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.putAll(datagramSocket());
        assumed.putAll(classicBpf());
        return assumed;
    }

    private static Map<String, Long> datagramSocket() {
        final Map<String, Long> assumed = new LinkedHashMap<>();
        assumed.put("AF_INET", (long) Sockets.AF_INET);
        assumed.put("AF_INET6", (long) Sockets.AF_INET6);
        assumed.put("SOCK_DGRAM", (long) Sockets.SOCK_DGRAM);
        assumed.put("SO_REUSEADDR", (long) AddressedDatagramSocket.SO_REUSEADDR);
        assumed.put("SOL_IP", (long) Sockets.SOL_IP);
        assumed.put("SOL_IPV6", (long) Sockets.SOL_IPV6);
        assumed.put("IP_RECVORIGDSTADDR", (long) AddressedDatagramSocket.IP_ORIGDSTADDR);
        assumed.put("IPV6_V6ONLY", (long) Sockets.IPV6_V6ONLY);
        assumed.put("sizeof(struct msghdr)", (long) MessageHeader.BYTES);
        assumed.put("offsetof(struct msghdr, msg_name)", (long) MessageHeader.NAME_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_namelen)", (long) MessageHeader.NAME_LENGTH_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_iov)", (long) MessageHeader.IOVEC_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_iovlen)", (long) MessageHeader.IOVEC_COUNT_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_control)", (long) MessageHeader.CONTROL_OFFSET);
        assumed.put("offsetof(struct msghdr, msg_controllen)",
            (long) MessageHeader.CONTROL_LENGTH_OFFSET);
        assumed.put("sizeof(struct cmsghdr)", (long) MessageHeader.CONTROL_HEADER_BYTES);
        assumed.put("offsetof(struct cmsghdr, cmsg_level)", (long) MessageHeader.CONTROL_LEVEL_OFFSET);
        assumed.put("offsetof(struct cmsghdr, cmsg_type)", (long) MessageHeader.CONTROL_TYPE_OFFSET);
        assumed.put("sizeof(struct sockaddr_in)", (long) SocketAddress.IN_BYTES);
        assumed.put("sizeof(struct sockaddr_in6)", (long) SocketAddress.IN6_BYTES);
        assumed.put("offsetof(struct sockaddr_in6, sin6_port)", (long) SocketAddress.PORT_OFFSET);
        assumed.put("offsetof(struct sockaddr_in, sin_addr)", (long) SocketAddress.IPV4_OFFSET);
        assumed.put("offsetof(struct sockaddr_in6, sin6_addr)", (long) SocketAddress.IPV6_OFFSET);
        assumed.put("offsetof(struct sockaddr_in6, sin6_scope_id)", (long) SocketAddress.SCOPE_OFFSET);
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
}
