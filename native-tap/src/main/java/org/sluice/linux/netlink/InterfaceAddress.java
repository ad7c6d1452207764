package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An address of an interface.
 *
 * @param prefixLength in bits.
 * @param flags        of Linux uapi/linux/if_addr.h.
 * @param scope        {@code RT_SCOPE_*} of uapi/linux/rtnetlink.h: 0 is the world, 253 the link.
 * @param peer         at the other end of a point-to-point link, and its subnet; otherwise the address itself.
 */
public record InterfaceAddress(int linkIndex, InetAddress address, int prefixLength, int flags, int scope,
                               InetAddress peer) {
    private static final int SCOPE_UNIVERSE = 0;
    private static final int SCOPE_LINK = 253;
    /** A further IPv4 address of its subnet, or a temporary IPv6 address. */
    static final int SECONDARY = 0x01;
    static final int OPTIMISTIC = 0x04;
    static final int DAD_FAILED = 0x08;
    static final int HOME = 0x10;
    static final int DEPRECATED = 0x20;
    static final int TENTATIVE = 0x40;

    /** Whether duplicate address detection lets it be used (RFC 4862, 5.4). */
    public boolean isAssigned() {
        return (flags & DAD_FAILED) == 0 && ((flags & TENTATIVE) == 0 || (flags & OPTIMISTIC) != 0);
    }

    /** Whether a new connection had better use another one (RFC 4862, 5.5.4; RFC 4429, 3.3). */
    public boolean isToBeAvoided() {
        return (flags & (DEPRECATED | OPTIMISTIC)) != 0;
    }

    /** Whether it is a mobile host's home address (RFC 6275). */
    public boolean isHome() {
        return (flags & HOME) != 0;
    }

    /** Whether it means the same everywhere. */
    public boolean isGlobal() {
        return scope == SCOPE_UNIVERSE;
    }

    /** Whether it is good on its link only. */
    public boolean isOfLink() {
        return scope == SCOPE_LINK;
    }

    /** Whether another IPv4 address of the same subnet comes first; of IPv6: whether it is a temporary address. */
    public boolean isSecondary() {
        return (flags & SECONDARY) != 0;
    }
}
