package org.sluice.datapath.bridge;

/**
 * The addresses of an endpoint or a gateway.
 *
 * @param mac      its MAC address.
 * @param ipv4     its IPv4 address, or 0 for none.
 * @param ipv6High the high half of its IPv6 address; both halves are 0 for none.
 * @param ipv6Low  the low half.
 */
public record PortIdentity(long mac, int ipv4, long ipv6High, long ipv6Low) {
    public boolean hasIpv4() {
        return ipv4 != 0;
    }

    public boolean hasIpv6() {
        return ipv6High != 0 || ipv6Low != 0;
    }

    public boolean isIpv4(final int address) {
        return hasIpv4() && address == ipv4;
    }

    public boolean isIpv6(final long high, final long low) {
        return hasIpv6() && high == ipv6High && low == ipv6Low;
    }
}
