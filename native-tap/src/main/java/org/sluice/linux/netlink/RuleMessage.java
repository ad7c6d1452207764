package org.sluice.linux.netlink;

import java.net.InetAddress;

import org.agrona.concurrent.UnsafeBuffer;

import org.sluice.linux.sys.Sockets;

/** The form of a rule in netlink's messages (Linux uapi/linux/fib_rules.h, {@code struct fib_rule_hdr}). */
final class RuleMessage {
    static final int RULE_BYTES = 12;
    static final int DESTINATION_LENGTH_OFFSET = 1;
    static final int SOURCE_LENGTH_OFFSET = 2;
    static final int TOS_OFFSET = 3;
    static final int TABLE_OFFSET = 4;
    static final int ACTION_OFFSET = 7;
    static final int FLAGS_OFFSET = 8;
    static final int FRA_DST = 1;
    static final int FRA_SRC = 2;
    static final int FRA_IIFNAME = 3;
    static final int FRA_GOTO = 4;
    static final int FRA_PRIORITY = 6;
    static final int FRA_FWMARK = 10;
    static final int FRA_TUN_ID = 12;
    static final int FRA_SUPPRESS_IFGROUP = 13;
    static final int FRA_SUPPRESS_PREFIXLEN = 14;
    static final int FRA_TABLE = 15;
    static final int FRA_FWMASK = 16;
    static final int FRA_OIFNAME = 17;
    static final int FRA_L3MDEV = 19;
    static final int FRA_UID_RANGE = 20;
    static final int FRA_IP_PROTO = 22;
    static final int FRA_SPORT_RANGE = 23;
    static final int FRA_DPORT_RANGE = 24;
    /** From Linux 6.14; older headers have none of these. */
    static final int FRA_DSCP = 25;
    static final int FRA_FLOWLABEL = 26;
    static final int FRA_FLOWLABEL_MASK = 27;
    static final int FRA_SPORT_MASK = 28;
    static final int FRA_DPORT_MASK = 29;
    static final int FRA_DSCP_MASK = 30;
    static final int FIB_RULE_INVERT = 2;

    private static final int LAST_UNDERSTOOD = FRA_DSCP_MASK;
    private static final int DSCP_SHIFT = 2;
    private static final int DSCP_MASK = 0xFC;
    /** Of an IPv4 rule's TOS only these bits of the packet count ({@code IPTOS_RT_MASK}). */
    private static final int IPV4_TOS_MASK = 0x1C;

    private RuleMessage() {
    }

    /** Reads a rule; null if it is not about IP. */
    static KernelRule ruleOf(final NetlinkSocket.Answer answer) {
        final UnsafeBuffer buffer = answer.buffer();
        final int body = answer.body();
        final int family = buffer.getByte(body) & 0xFF;
        if (family != Sockets.AF_INET && family != Sockets.AF_INET6) {
            return null;
        }
        final NetlinkAttributes attributes = answer.attributes(RULE_BYTES);
        final boolean ipv4 = family == Sockets.AF_INET;
        final int tos = buffer.getByte(body + TOS_OFFSET) & 0xFF;
        final byte[] dscp = attributes.bytes(FRA_DSCP);
        final byte[] dscpMask = attributes.bytes(FRA_DSCP_MASK);
        final byte[] protocol = attributes.bytes(FRA_IP_PROTO);
        final int mark = attributes.integer(FRA_FWMARK, 0);
        final int flowLabel = attributes.networkInteger(FRA_FLOWLABEL, 0);
        return new KernelRule(ipv4, attributes.integer(FRA_PRIORITY, 0), buffer.getByte(body + ACTION_OFFSET) & 0xFF,
            attributes.integer(FRA_TABLE, buffer.getByte(body + TABLE_OFFSET) & 0xFF),
            attributes.integer(FRA_GOTO, 0), (buffer.getInt(body + FLAGS_OFFSET) & FIB_RULE_INVERT) != 0,
            address(attributes, FRA_SRC), buffer.getByte(body + SOURCE_LENGTH_OFFSET) & 0xFF,
            address(attributes, FRA_DST), buffer.getByte(body + DESTINATION_LENGTH_OFFSET) & 0xFF,
            attributes.string(FRA_IIFNAME), attributes.string(FRA_OIFNAME), mark,
            attributes.integer(FRA_FWMASK, mark == 0 ? 0 : -1),
            dscp == null ? tos : dscp[0] << DSCP_SHIFT & DSCP_MASK,
            dscp != null ? (dscpMask == null ? DSCP_MASK : dscpMask[0] << DSCP_SHIFT & DSCP_MASK)
                : tos == 0 ? 0 : ipv4 ? IPV4_TOS_MASK : DSCP_MASK,
            flowLabel, attributes.networkInteger(FRA_FLOWLABEL_MASK, flowLabel == 0 ? 0 : 0xF_FFFF),
            protocol == null ? 0 : protocol[0] & 0xFF,
            ports(attributes.bytes(FRA_SPORT_RANGE), attributes.bytes(FRA_SPORT_MASK)),
            ports(attributes.bytes(FRA_DPORT_RANGE), attributes.bytes(FRA_DPORT_MASK)), isForeign(attributes),
            attributes.integer(FRA_SUPPRESS_PREFIXLEN, -1), attributes.integer(FRA_SUPPRESS_IFGROUP, -1),
            attributes.highestType() <= LAST_UNDERSTOOD);
    }

    /** Forwarded packets belong to no VRF here, came by no tunnel, and are root's. */
    private static boolean isForeign(final NetlinkAttributes attributes) {
        final byte[] vrf = attributes.bytes(FRA_L3MDEV);
        final byte[] users = attributes.bytes(FRA_UID_RANGE);
        final byte[] tunnel = attributes.bytes(FRA_TUN_ID);
        final boolean ofTunnel = tunnel != null && new UnsafeBuffer(tunnel).getLong(0) != 0;
        return vrf != null && vrf[0] != 0 || ofTunnel || users != null && new UnsafeBuffer(users).getInt(0) != 0;
    }

    private static InetAddress address(final NetlinkAttributes attributes, final int type) {
        final byte[] bytes = attributes.bytes(type);
        return bytes == null ? null : RouteNetlink.inetAddress(bytes);
    }

    private static KernelRule.Ports ports(final byte[] range, final byte[] mask) {
        if (range == null) {
            return KernelRule.Ports.ANY;
        }
        final UnsafeBuffer ends = new UnsafeBuffer(range);
        return new KernelRule.Ports(ends.getShort(0) & 0xFFFF, ends.getShort(2) & 0xFFFF,
            mask == null ? 0 : new UnsafeBuffer(mask).getShort(0) & 0xFFFF);
    }
}
