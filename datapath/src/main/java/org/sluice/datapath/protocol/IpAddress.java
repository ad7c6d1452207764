package org.sluice.datapath.protocol;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * An IP address of either family, in the form that the whole switch uses: 128 bits in two longs, {@code high} and
 * {@code low}, in host order. An IPv4 address is mapped into IPv6 (RFC 4291, 2.5.5.2), so that tables and tuples have
 * one form for both families.
 * <pre>
 *                high                               low
 *   IPv6   2001:db8:1:2               :          a:b:c:d
 *   IPv4   0:0:0:0                    :          0:ffff:192.0.2.1
 * </pre>
 */
public final class IpAddress {
    /** High half of every mapped IPv4 address. */
    public static final long IPV4_HIGH = 0;

    private static final long IPV4_PREFIX = 0xFFFF_0000_0000L;

    private IpAddress() {
    }

    /** Low half of a mapped IPv4 address. */
    public static long ipv4Low(final int address) {
        return IPV4_PREFIX | address & 0xFFFF_FFFFL;
    }

    /** Whether the halves are a mapped IPv4 address. */
    public static boolean isIpv4(final long high, final long low) {
        return high == IPV4_HIGH && low >>> 32 == IPV4_PREFIX >>> 32;
    }

    /** High half; 0 for null. */
    public static long high(final InetAddress address) {
        return address == null || address instanceof Inet4Address ? IPV4_HIGH
            : ByteBuffer.wrap(address.getAddress()).getLong();
    }

    /** Low half; 0 for null. */
    public static long low(final InetAddress address) {
        if (address == null) {
            return 0;
        }
        final ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet4Address ? ipv4Low(bytes.getInt()) : bytes.getLong(Long.BYTES);
    }

    /** The address as an object of Java's library; a mapped address becomes IPv4 again. */
    public static InetAddress of(final long high, final long low) {
        final byte[] bytes = isIpv4(high, low) ? ByteBuffer.allocate(Integer.BYTES).putInt((int) low).array()
            : ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low).array();
        try {
            return InetAddress.getByAddress(bytes);
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
