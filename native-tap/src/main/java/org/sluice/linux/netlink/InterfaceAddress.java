package org.sluice.linux.netlink;

import java.net.InetAddress;

/**
 * An address of an interface.
 *
 * @param prefixLength in bits.
 * @param flags        of Linux uapi/linux/if_addr.h.
 */
public record InterfaceAddress(int linkIndex, InetAddress address, int prefixLength, int flags) {
    /** A further IPv4 address of its subnet, or a temporary IPv6 address. */
    static final int SECONDARY = 0x01;
    static final int DAD_FAILED = 0x08;
    static final int DEPRECATED = 0x20;
    static final int TENTATIVE = 0x40;

    /** Whether a new connection may use it as its source (RFC 4862, 5.5.4). */
    public boolean isUsableAsSource() {
        return (flags & (DAD_FAILED | DEPRECATED | TENTATIVE)) == 0;
    }

    /** Whether another address of the same subnet comes first. */
    public boolean isSecondary() {
        return (flags & SECONDARY) != 0;
    }
}
