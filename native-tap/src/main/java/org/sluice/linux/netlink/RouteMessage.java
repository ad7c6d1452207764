package org.sluice.linux.netlink;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.linux.sys.Sockets;

/**
 * The form of a route in netlink's messages (Linux uapi/linux/rtnetlink.h, {@code struct rtmsg}). A route through a
 * nexthop object has that object's hops too, unless the host has switched {@code net.ipv4.nexthop_compat_mode} off;
 * then it has none.
 */
final class RouteMessage {
    static final int RTMSG_BYTES = 12;
    static final int RTM_DESTINATION_LENGTH_OFFSET = 1;
    static final int RTM_SOURCE_LENGTH_OFFSET = 2;
    static final int RTM_TOS_OFFSET = 3;
    static final int RTM_TABLE_OFFSET = 4;
    static final int RTM_PROTOCOL_OFFSET = 5;
    static final int RTM_TYPE_OFFSET = 7;
    static final int RTM_FLAGS_OFFSET = 8;
    static final int RTA_DST = 1;
    static final int RTA_SRC = 2;
    static final int RTA_OIF = 4;
    static final int RTA_GATEWAY = 5;
    static final int RTA_PRIORITY = 6;
    static final int RTA_PREFSRC = 7;
    static final int RTA_METRICS = 8;
    static final int RTA_MULTIPATH = 9;
    static final int RTA_TABLE = 15;
    static final int RTA_VIA = 18;
    static final int RTA_PREF = 20;
    static final int RTA_ENCAP = 22;
    static final int RTAX_LOCK = 1;
    static final int RTAX_MTU = 2;
    static final int RTNEXTHOP_BYTES = 8;
    static final int RTNH_FLAGS_OFFSET = 2;
    static final int RTNH_HOPS_OFFSET = 3;
    static final int RTNH_INDEX_OFFSET = 4;
    static final int RTNH_F_DEAD = 1;
    static final int ICMPV6_ROUTER_PREF_LOW = 3;

    private RouteMessage() {
    }

    static KernelRoute routeOf(final NetlinkSocket.Answer answer, final int family) {
        final NetlinkAttributes attributes = answer.attributes(RTMSG_BYTES);
        final UnsafeBuffer buffer = answer.buffer();
        final int body = answer.body();
        final byte[] destination = attributes.bytes(RTA_DST);
        final byte[] metrics = attributes.bytes(RTA_METRICS);
        final NetlinkAttributes ofMetrics = metrics == null ? null
            : new NetlinkAttributes(new UnsafeBuffer(metrics), 0, metrics.length);
        return new KernelRoute(
            RouteNetlink.inetAddress(destination != null ? destination : new byte[family == Sockets.AF_INET ? 4 : 16]),
            buffer.getByte(body + RTM_DESTINATION_LENGTH_OFFSET) & 0xFF,
            buffer.getByte(body + RTM_TYPE_OFFSET) & 0xFF,
            attributes.integer(RTA_TABLE, buffer.getByte(body + RTM_TABLE_OFFSET) & 0xFF),
            attributes.integer(RTA_PRIORITY, 0),
            addressOrNull(attributes.bytes(RTA_PREFSRC)), hopsOf(attributes, buffer.getInt(body + RTM_FLAGS_OFFSET)),
            selectorOf(attributes, buffer.getByte(body + RTM_TOS_OFFSET) & 0xFF,
                buffer.getByte(body + RTM_SOURCE_LENGTH_OFFSET) & 0xFF),
            ofMetrics == null ? 0 : ofMetrics.integer(RTAX_MTU, 0),
            ofMetrics != null && (ofMetrics.integer(RTAX_LOCK, 0) & 1 << RTAX_MTU) != 0);
    }

    private static KernelRoute.Selector selectorOf(final NetlinkAttributes attributes, final int tos,
                                                   final int sourceLength) {
        final byte[] preference = attributes.bytes(RTA_PREF);
        final int router = preference == null ? 0 : preference[0];
        return new KernelRoute.Selector(tos, sourceLength == 0 ? null : addressOrNull(attributes.bytes(RTA_SRC)),
            sourceLength, router == ICMPV6_ROUTER_PREF_LOW ? -1 : router);
    }

    private static List<KernelRoute.Hop> hopsOf(final NetlinkAttributes attributes, final int flags) {
        final byte[] several = attributes.bytes(RTA_MULTIPATH);
        if (several == null) {
            final int link = attributes.integer(RTA_OIF, 0);
            final InetAddress gateway = gatewayOf(attributes);
            return link == 0 && gateway == null ? List.of() : List.of(new KernelRoute.Hop(gateway, link, 1,
                (flags & RTNH_F_DEAD) != 0, attributes.bytes(RTA_ENCAP) != null));
        }
        final UnsafeBuffer buffer = new UnsafeBuffer(several);
        final List<KernelRoute.Hop> hops = new ArrayList<>();
        int offset = 0;
        while (several.length - offset >= RTNEXTHOP_BYTES) {
            final int length = buffer.getShort(offset) & 0xFFFF;
            if (length < RTNEXTHOP_BYTES || length > several.length - offset) {
                break;
            }
            final NetlinkAttributes ofHop = new NetlinkAttributes(buffer, offset + RTNEXTHOP_BYTES, offset + length);
            hops.add(new KernelRoute.Hop(gatewayOf(ofHop), buffer.getInt(offset + RTNH_INDEX_OFFSET),
                1 + (buffer.getByte(offset + RTNH_HOPS_OFFSET) & 0xFF),
                (buffer.getByte(offset + RTNH_FLAGS_OFFSET) & RTNH_F_DEAD) != 0, ofHop.bytes(RTA_ENCAP) != null));
            offset += BitUtil.align(length, 4);
        }
        return List.copyOf(hops);
    }

    /** The next router, also one of the other family (RTA_VIA: its family, then its address). */
    private static InetAddress gatewayOf(final NetlinkAttributes attributes) {
        final byte[] gateway = attributes.bytes(RTA_GATEWAY);
        if (gateway != null) {
            return RouteNetlink.inetAddress(gateway);
        }
        final byte[] via = attributes.bytes(RTA_VIA);
        return via == null ? null : RouteNetlink.inetAddress(Arrays.copyOfRange(via, 2, via.length));
    }

    private static InetAddress addressOrNull(final byte[] bytes) {
        return bytes == null ? null : RouteNetlink.inetAddress(bytes);
    }
}
