package org.sluice.linux.netlink;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.linux.sys.Sockets;

/**
 * Reads and changes links, addresses, routes and neighbours of the network namespace of the thread that creates it
 * (Linux uapi/linux/rtnetlink.h). Each change is one request, which the kernel executes or refuses as a whole. Used by
 * one thread.
 */
public final class RouteNetlink implements AutoCloseable {
    static final int RTM_NEWLINK = 16;
    static final int RTM_DELLINK = 17;
    static final int RTM_GETLINK = 18;
    static final int RTM_NEWADDR = 20;
    static final int RTM_GETADDR = 22;
    static final int RTM_NEWROUTE = 24;
    static final int RTM_GETROUTE = 26;
    static final int RTM_NEWNEIGH = 28;
    static final int RTM_DELNEIGH = 29;
    static final int RTM_GETNEIGH = 30;
    static final int RTM_GETRULE = 34;

    static final int IFINFOMSG_BYTES = 16;
    static final int IFINFO_INDEX_OFFSET = 4;
    static final int IFINFO_FLAGS_OFFSET = 8;
    static final int IFINFO_CHANGE_OFFSET = 12;
    static final int IFF_UP = 1;
    static final int IFLA_ADDRESS = 1;
    static final int IFLA_IFNAME = 3;
    static final int IFLA_MTU = 4;
    static final int IFLA_TXQLEN = 13;
    /** Frames that may wait for the worker at a TAP: a burst of thousands, and at most 128 MiB of super-frames. */
    public static final int QUEUE_FRAMES = 2048;
    static final int IFLA_STATS64 = 23;
    /** In struct rtnl_link_stats64. */
    static final int STATS_TX_DROPPED_OFFSET = 56;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_GROUP = 27;
    static final int IFLA_NET_NS_FD = 28;

    static final int IFADDRMSG_BYTES = 8;
    static final int IFA_PREFIX_LENGTH_OFFSET = 1;
    static final int IFA_FLAGS_OFFSET = 2;
    static final int IFA_SCOPE_OFFSET = 3;
    static final int IFA_INDEX_OFFSET = 4;
    static final int IFA_ADDRESS = 1;
    static final int IFA_FLAGS = 8;
    static final int IFA_LOCAL = 2;
    static final int IFA_BROADCAST = 4;
    static final int IFA_F_NODAD = 2;

    public static final int RT_TABLE_MAIN = 254;
    /** Where the kernel keeps the host's own addresses. */
    public static final int RT_TABLE_LOCAL = 255;
    static final int RTPROT_BOOT = 3;

    static final int NDMSG_BYTES = 12;
    static final int NDM_INDEX_OFFSET = 4;
    static final int NDM_STATE_OFFSET = 8;
    static final int NDM_FLAGS_OFFSET = 10;
    static final int NTF_USE = 1;
    static final int NDA_DST = 1;
    static final int NDA_LLADDR = 2;

    private static final int CHANGE = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK;
    private static final int CREATE = CHANGE | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_EXCL;
    private static final int LIST = NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_DUMP;
    private static final int ENODEV = 19;
    private static final int EOPNOTSUPP = 95;
    private static final int MAC_BYTES = 6;

    private final NetlinkSocket socket = new NetlinkSocket();

    /** All interfaces. */
    public List<Link> links() {
        socket.request().begin(RTM_GETLINK, LIST, IFINFOMSG_BYTES);
        return socket.list("list links", RouteNetlink::linkOf);
    }

    /** The interface of that name, or empty. */
    public Optional<Link> link(final String name) {
        socket.request().begin(RTM_GETLINK, CHANGE, IFINFOMSG_BYTES).attribute(IFLA_IFNAME, name);
        final List<Link> links = new ArrayList<>(1);
        try {
            socket.execute("get link " + name, answer -> links.add(linkOf(answer)));
        } catch (final NetlinkException ex) {
            if (ex.errno() == ENODEV) {
                return Optional.empty();
            }
            throw ex;
        }
        return links.stream().findFirst();
    }

    /** The queue of the interface of that name, or empty. */
    public Optional<LinkQueue> queue(final String name) {
        socket.request().begin(RTM_GETLINK, CHANGE, IFINFOMSG_BYTES).attribute(IFLA_IFNAME, name);
        final List<LinkQueue> queues = new ArrayList<>(1);
        try {
            socket.execute("get link " + name, answer -> queues.add(queueOf(answer)));
        } catch (final NetlinkException ex) {
            if (ex.errno() == ENODEV) {
                return Optional.empty();
            }
            throw ex;
        }
        return queues.stream().findFirst();
    }

    /** Gives a link its MAC address and MTU and sets it up, in one request. */
    public void configure(final Link link, final long mac, final int mtu) {
        setFlags(link, IFF_UP, IFF_UP).attribute(IFLA_ADDRESS, macBytes(mac)).attribute(IFLA_MTU, mtu)
            .attribute(IFLA_TXQLEN, QUEUE_FRAMES);
        socket.execute("configure link " + link.name());
    }

    /** Gives a link its MAC address and MTU. */
    public void prepare(final Link link, final long mac, final int mtu) {
        setFlags(link, 0, 0).attribute(IFLA_ADDRESS, macBytes(mac)).attribute(IFLA_MTU, mtu)
            .attribute(IFLA_TXQLEN, QUEUE_FRAMES);
        socket.execute("prepare link " + link.name());
    }

    /**
     * @param packets that the kernel queues for the link.
     */
    public void queueLength(final Link link, final int packets) {
        setFlags(link, 0, 0).attribute(IFLA_TXQLEN, packets);
        socket.execute("set the queue length of link " + link.name());
    }

    public void setUp(final Link link) {
        setFlags(link, IFF_UP, IFF_UP);
        socket.execute("set link " + link.name() + " up");
    }

    public void setDown(final Link link) {
        setFlags(link, 0, IFF_UP);
        socket.execute("set link " + link.name() + " down");
    }

    /** Renames a link; it must be down on kernels before 6.2. */
    public void rename(final Link link, final String name) {
        setFlags(link, 0, 0).attribute(IFLA_IFNAME, name);
        socket.execute("rename link " + link.name() + " to " + name);
    }

    /**
     * Moves a link to another namespace, and renames it if needed. It loses its addresses and goes down.
     *
     * @param namespaceFd an open descriptor of the namespace.
     */
    public void move(final Link link, final int namespaceFd, final String name) {
        setFlags(link, 0, 0).attribute(IFLA_NET_NS_FD, namespaceFd).attribute(IFLA_IFNAME, name);
        socket.execute("move link " + link.name() + " to another namespace as " + name);
    }

    public void delete(final Link link) {
        socket.request().begin(RTM_DELLINK, CHANGE, IFINFOMSG_BYTES).familyInt(IFINFO_INDEX_OFFSET, link.index());
        socket.execute("delete link " + link.name());
    }

    /** All addresses of all interfaces. */
    public List<InterfaceAddress> addresses() {
        socket.request().begin(RTM_GETADDR, LIST, IFADDRMSG_BYTES);
        return socket.list("list addresses", RouteNetlink::addressOf);
    }

    /**
     * Adds an address: for IPv4 with its broadcast address, for IPv6 without duplicate address detection, because the
     * address management assigns each address only once.
     */
    public void addAddress(final Link link, final InetAddress address, final int prefixLength) {
        final byte[] bytes = address.getAddress();
        final boolean ipv4 = address instanceof Inet4Address;
        socket.request().begin(RTM_NEWADDR, CREATE, IFADDRMSG_BYTES)
            .familyByte(0, family(address))
            .familyByte(IFA_PREFIX_LENGTH_OFFSET, prefixLength)
            .familyByte(IFA_FLAGS_OFFSET, ipv4 ? 0 : IFA_F_NODAD)
            .familyInt(IFA_INDEX_OFFSET, link.index())
            .attribute(IFA_LOCAL, bytes)
            .attribute(IFA_ADDRESS, bytes);
        if (ipv4 && prefixLength < 31) {
            socket.request().attribute(IFA_BROADCAST, broadcast(bytes, prefixLength));
        }
        socket.execute("add address " + address.getHostAddress() + "/" + prefixLength + " to " + link.name());
    }

    /** The routes of all tables and both families. */
    public List<KernelRoute> routes() {
        socket.request().begin(RTM_GETROUTE, LIST, RouteMessage.RTMSG_BYTES);
        return socket.list("list routes", answer -> {
            final int family = answer.buffer().getByte(answer.body());
            return family == Sockets.AF_INET || family == Sockets.AF_INET6 ? RouteMessage.routeOf(answer, family)
                : null;
        });
    }

    /**
     * The rules of the routing policy of both families, in order. A kernel without CONFIG_IP_MULTIPLE_TABLES has none,
     * and does as if it had the usual ones.
     */
    public List<KernelRule> rules() {
        socket.request().begin(RTM_GETRULE, LIST, RuleMessage.RULE_BYTES);
        try {
            return socket.list("list rules", RuleMessage::ruleOf);
        } catch (final NetlinkException ex) {
            if (ex.errno() != EOPNOTSUPP) {
                throw ex;
            }
            return List.of(KernelRule.table(true, RT_TABLE_MAIN), KernelRule.table(false, RT_TABLE_MAIN));
        }
    }

    /** The groups of all interfaces (ip-link(8)), by the interface's number. */
    public Map<Integer, Integer> linkGroups() {
        final Map<Integer, Integer> groups = new HashMap<>();
        socket.request().begin(RTM_GETLINK, LIST, IFINFOMSG_BYTES);
        socket.list("list the groups of links", answer -> groups.put(
            answer.buffer().getInt(answer.body() + IFINFO_INDEX_OFFSET),
            answer.attributes(IFINFOMSG_BYTES).integer(IFLA_GROUP, 0)));
        return groups;
    }

    /**
     * The route that the kernel chooses to an address: one hop, and a source address.
     *
     * @throws NetlinkException without a route.
     */
    public KernelRoute routeTo(final InetAddress address) {
        socket.request()
            .begin(RTM_GETROUTE, NetlinkSocket.NLM_F_REQUEST | NetlinkSocket.NLM_F_ACK, RouteMessage.RTMSG_BYTES)
            .familyByte(0, family(address))
            .familyByte(RouteMessage.RTM_DESTINATION_LENGTH_OFFSET, address.getAddress().length * 8)
            .attribute(RouteMessage.RTA_DST, address.getAddress());
        return socket.list("find the route to " + address.getHostAddress(),
            answer -> RouteMessage.routeOf(answer, family(address))).getFirst();
    }

    /** Adds a default route through a gateway on the link. */
    public void addDefaultRoute(final Link link, final InetAddress gateway) {
        socket.request().begin(RTM_NEWROUTE, CREATE, RouteMessage.RTMSG_BYTES)
            .familyByte(0, family(gateway))
            .familyByte(RouteMessage.RTM_TABLE_OFFSET, RT_TABLE_MAIN)
            .familyByte(RouteMessage.RTM_PROTOCOL_OFFSET, RTPROT_BOOT)
            .familyByte(RouteMessage.RTM_TYPE_OFFSET, KernelRoute.UNICAST)
            .attribute(RouteMessage.RTA_GATEWAY, gateway.getAddress())
            .attribute(RouteMessage.RTA_OIF, link.index());
        socket.execute("add default route via " + gateway.getHostAddress() + " on " + link.name());
    }

    /** The neighbours of all links. */
    public List<KernelNeighbour> neighbours() {
        socket.request().begin(RTM_GETNEIGH, LIST, NDMSG_BYTES);
        return socket.list("list neighbours", RouteNetlink::neighbourOf);
    }

    /**
     * Makes the kernel resolve a neighbour's MAC address, or verify an old one. {@link RouteMonitor} reports the
     * result; an entry that is still fresh causes no report.
     */
    public void useNeighbour(final int linkIndex, final InetAddress address) {
        neighbour(RTM_NEWNEIGH, CHANGE | NetlinkSocket.NLM_F_CREATE, linkIndex, address)
            .familyByte(NDM_FLAGS_OFFSET, NTF_USE);
        socket.execute("use neighbour " + address.getHostAddress() + " on interface " + linkIndex);
    }

    /** Sets a permanent neighbour; it replaces an existing one. */
    public void putNeighbour(final Link link, final InetAddress address, final long mac) {
        neighbour(RTM_NEWNEIGH, CHANGE | NetlinkSocket.NLM_F_CREATE | NetlinkSocket.NLM_F_REPLACE, link.index(),
            address)
            .familyShort(NDM_STATE_OFFSET, KernelNeighbour.PERMANENT)
            .attribute(NDA_LLADDR, macBytes(mac));
        socket.execute("put neighbour " + address.getHostAddress() + " on " + link.name());
    }

    public void deleteNeighbour(final Link link, final InetAddress address) {
        neighbour(RTM_DELNEIGH, CHANGE, link.index(), address);
        socket.execute("delete neighbour " + address.getHostAddress() + " of " + link.name());
    }

    @Override
    public void close() {
        socket.close();
    }

    private NetlinkMessage setFlags(final Link link, final int flags, final int change) {
        return socket.request().begin(RTM_NEWLINK, CHANGE, IFINFOMSG_BYTES)
            .familyInt(IFINFO_INDEX_OFFSET, link.index())
            .familyInt(IFINFO_FLAGS_OFFSET, flags)
            .familyInt(IFINFO_CHANGE_OFFSET, change);
    }

    private NetlinkMessage neighbour(final int type, final int flags, final int linkIndex,
                                     final InetAddress address) {
        return socket.request().begin(type, flags, NDMSG_BYTES)
            .familyByte(0, family(address))
            .familyInt(NDM_INDEX_OFFSET, linkIndex)
            .attribute(NDA_DST, address.getAddress());
    }

    private static Link linkOf(final NetlinkSocket.Answer answer) {
        final NetlinkAttributes attributes = answer.attributes(IFINFOMSG_BYTES);
        final int flags = answer.buffer().getInt(answer.body() + IFINFO_FLAGS_OFFSET);
        return new Link(answer.buffer().getInt(answer.body() + IFINFO_INDEX_OFFSET), attributes.string(IFLA_IFNAME),
            mac(attributes.bytes(IFLA_ADDRESS)), attributes.integer(IFLA_MTU, 0), (flags & IFF_UP) != 0,
            attributes.nestedString(IFLA_LINKINFO, IFLA_INFO_KIND));
    }

    private static LinkQueue queueOf(final NetlinkSocket.Answer answer) {
        final NetlinkAttributes attributes = answer.attributes(IFINFOMSG_BYTES);
        final byte[] statistics = attributes.bytes(IFLA_STATS64);
        return new LinkQueue(attributes.integer(IFLA_TXQLEN, 0),
            statistics == null ? 0 : new UnsafeBuffer(statistics).getLong(STATS_TX_DROPPED_OFFSET));
    }

    private static InterfaceAddress addressOf(final NetlinkSocket.Answer answer) {
        final UnsafeBuffer buffer = answer.buffer();
        final NetlinkAttributes attributes = answer.attributes(IFADDRMSG_BYTES);
        final byte[] local = attributes.bytes(IFA_LOCAL);
        final int firstFlags = buffer.getByte(answer.body() + IFA_FLAGS_OFFSET) & 0xFF;
        final byte[] peer = attributes.bytes(IFA_ADDRESS);
        return new InterfaceAddress(buffer.getInt(answer.body() + IFA_INDEX_OFFSET),
            inetAddress(local != null ? local : peer), buffer.getByte(answer.body() + IFA_PREFIX_LENGTH_OFFSET) & 0xFF,
            attributes.integer(IFA_FLAGS, firstFlags), buffer.getByte(answer.body() + IFA_SCOPE_OFFSET) & 0xFF,
            inetAddress(peer != null ? peer : local));
    }

    /** Reads a neighbour message; null if it is not about IP. */
    static KernelNeighbour neighbourOf(final NetlinkSocket.Answer answer) {
        final NetlinkAttributes attributes = answer.attributes(NDMSG_BYTES);
        final byte[] address = attributes.bytes(NDA_DST);
        final int family = answer.buffer().getByte(answer.body());
        return address == null || family != Sockets.AF_INET && family != Sockets.AF_INET6 ? null
            : new KernelNeighbour(answer.buffer().getInt(answer.body() + NDM_INDEX_OFFSET), inetAddress(address),
                mac(attributes.bytes(NDA_LLADDR)), answer.buffer().getShort(answer.body() + NDM_STATE_OFFSET));
    }

    private static int family(final InetAddress address) {
        return address instanceof Inet4Address ? Sockets.AF_INET : Sockets.AF_INET6;
    }

    private static byte[] broadcast(final byte[] address, final int prefixLength) {
        final byte[] broadcast = address.clone();
        for (int bit = prefixLength; bit < broadcast.length * 8; bit++) {
            broadcast[bit / 8] |= (byte) (0x80 >>> bit % 8);
        }
        return broadcast;
    }

    static InetAddress inetAddress(final byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes from the kernel", ex);
        }
    }

    private static byte[] macBytes(final long mac) {
        final byte[] bytes = new byte[MAC_BYTES];
        for (int i = 0; i < MAC_BYTES; i++) {
            bytes[i] = (byte) (mac >>> 8 * (MAC_BYTES - 1 - i));
        }
        return bytes;
    }

    private static long mac(final byte[] bytes) {
        long mac = 0;
        if (bytes != null && bytes.length == MAC_BYTES) {
            for (final byte b : bytes) {
                mac = mac << 8 | b & 0xFF;
            }
        }
        return mac;
    }
}
