package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * A rule of the routing policy (ip-rule(8); Linux uapi/linux/fib_rules.h).
 *
 * @param ipv4           its family.
 * @param priority       its place: the lowest comes first.
 * @param action         {@code FR_ACT_*}.
 * @param table          of {@link #TO_TABLE}.
 * @param gotoPriority   of {@link #GOTO}: the priority of the rule to go on with.
 * @param inverted       whether it is for all packets that its selectors do not match.
 * @param source         network of the packets' sources, or null for any.
 * @param sourceLength   in bits.
 * @param destination    network of the packets' destinations, or null for any.
 * @param destinationLength in bits.
 * @param ingress        name of the interface that they come from, or empty for any.
 * @param egress         name of the interface that their socket is bound to, or empty for any.
 * @param mark           that their firewall mark must have under the mask.
 * @param markMask       0 for any.
 * @param tos            that their TOS or traffic class must have under the mask.
 * @param tosMask        0 for any.
 * @param flowLabel      that their flow label must have under the mask.
 * @param flowLabelMask  0 for any.
 * @param protocol       or 0 for any.
 * @param sourcePorts    of the packets.
 * @param destinationPorts of the packets.
 * @param foreign        whether it asks for what no packet of a container has: a VRF, a tunnel's number, an owner other
 *                       than root.
 * @param suppressLength a route of this prefix length or less does not count; -1 for none.
 * @param suppressGroup  a route by an interface of this group does not count; -1 for none.
 * @param understood     whether every attribute that the kernel gave is one of these.
 */
public record KernelRule(boolean ipv4, int priority, int action, int table, int gotoPriority, boolean inverted,
                         InetAddress source, int sourceLength, InetAddress destination, int destinationLength,
                         String ingress, String egress, int mark, int markMask, int tos, int tosMask, int flowLabel,
                         int flowLabelMask, int protocol, Ports sourcePorts, Ports destinationPorts, boolean foreign,
                         int suppressLength, int suppressGroup, boolean understood) {
    public static final int TO_TABLE = 1;
    public static final int GOTO = 2;
    public static final int NOTHING = 3;
    public static final int BLACKHOLE = 6;
    public static final int UNREACHABLE = 7;
    public static final int PROHIBIT = 8;

    /**
     * A range of ports.
     *
     * @param first 0 for any port.
     * @param mask  the bits of {@code first} that count; 0 for the whole range.
     */
    public record Ports(int first, int last, int mask) {
        /** All ports. */
        public static final Ports ANY = new Ports(0, 0, 0);
    }

    /** A rule for all packets that asks one table. */
    static KernelRule table(final boolean ipv4, final int number) {
        return new KernelRule(ipv4, 0, TO_TABLE, number, 0, false, null, 0, null, 0, "", "", 0, 0, 0, 0, 0, 0, 0,
            Ports.ANY, Ports.ANY, false, -1, -1, true);
    }
}
