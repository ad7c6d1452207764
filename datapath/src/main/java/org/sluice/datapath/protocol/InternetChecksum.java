package org.sluice.datapath.protocol;

import java.nio.ByteOrder;

import org.agrona.UnsafeApi;

/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums are carried
 * unfolded in a {@code long}, in network word order, and folded once at the end.
 */
public final class InternetChecksum {
    private static final boolean NATIVE_IS_LITTLE_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private InternetChecksum() {
    }

    /**
     * One's complement sum of a range of off-heap memory, folded to 16 bits and not complemented. An odd last byte
     * counts as the high half of a word.
     */
    public static int sum(final long address, final int lengthBytes) {
        // Adds 32 bits at a time in memory order. The one's complement sum does not depend on the byte order (RFC 1071,
        // 2 (B)), so the result is swapped once at the end. Two sums, so that one addition does not wait for the other.
        long even = 0;
        long odd = 0;
        long position = address;
        final long end = address + lengthBytes;
        for (; end - position >= Long.BYTES; position += Long.BYTES) {
            final long word = UnsafeApi.getLong(position);
            even += word & 0xFFFF_FFFFL;
            odd += word >>> 32;
        }
        long sum = even + odd;
        if (end - position >= Integer.BYTES) {
            sum += UnsafeApi.getInt(position) & 0xFFFF_FFFFL;
            position += Integer.BYTES;
        }
        if (end - position >= Short.BYTES) {
            sum += UnsafeApi.getShort(position) & 0xFFFF;
            position += Short.BYTES;
        }
        if (end - position == 1) {
            final int last = UnsafeApi.getByte(position) & 0xFF;
            sum += NATIVE_IS_LITTLE_ENDIAN ? last : last << 8;
        }
        final int folded = fold(sum);
        return NATIVE_IS_LITTLE_ENDIAN ? Short.reverseBytes((short) folded) & 0xFFFF : folded;
    }

    /**
     * Sum of twenty bytes, the length of nearly every IPv4 header, unfolded and in native byte order. Once folded, it
     * can be compared with 0xFFFF, which is the same in any order.
     */
    static long sum20(final long address) {
        final long first = UnsafeApi.getLong(address);
        final long second = UnsafeApi.getLong(address + Long.BYTES);
        return (first & 0xFFFF_FFFFL) + (first >>> 32) + (second & 0xFFFF_FFFFL) + (second >>> 32)
            + (UnsafeApi.getInt(address + 2 * Long.BYTES) & 0xFFFF_FFFFL);
    }

    /** Folds an unfolded sum of 16-bit or 32-bit words to 16 bits. */
    public static int fold(final long sum) {
        long folded = (sum & 0xFFFF_FFFFL) + (sum >>> 32);
        folded = (folded & 0xFFFF_FFFFL) + (folded >>> 32);
        // Adds both halves of the 32 bits, with the carry between them. The result is in the upper half.
        final int both = (int) folded;
        final long rotated = (both & 0xFFFF_FFFFL) + (Integer.rotateLeft(both, 16) & 0xFFFF_FFFFL);
        return (int) ((rotated + (rotated >>> 32)) >>> 16) & 0xFFFF;
    }

    /** Folds a sum and complements it: the value of a checksum field. */
    public static int finish(final long sum) {
        return ~fold(sum) & 0xFFFF;
    }

    /** Sum of the pseudo-header of IPv4 (RFC 9293, 3.1), unfolded. */
    public static long pseudoHeader(final int source, final int destination, final int protocol,
                                    final int lengthBytes) {
        return (source & 0xFFFF_FFFFL) + (destination & 0xFFFF_FFFFL) + protocol + lengthBytes;
    }

    /** Sum of the pseudo-header of IPv6 (RFC 8200, 8.1), unfolded. */
    public static long pseudoHeader(final long sourceHigh, final long sourceLow, final long destinationHigh,
                                    final long destinationLow, final int protocol, final int lengthBytes) {
        return halves(sourceHigh) + halves(sourceLow) + halves(destinationHigh) + halves(destinationLow)
            + protocol + lengthBytes;
    }

    /** The same, for the addresses of a whole IP header of either version. */
    public static long pseudoHeader(final long ipHeader, final boolean isIpv4, final int protocol,
                                    final int lengthBytes) {
        if (isIpv4) {
            return pseudoHeader(NetworkOrder.i32(ipHeader + Ipv4Flyweight.SOURCE_FIELD_OFFSET),
                NetworkOrder.i32(ipHeader + Ipv4Flyweight.DESTINATION_FIELD_OFFSET), protocol, lengthBytes);
        }
        final long source = ipHeader + Ipv6Flyweight.SOURCE_FIELD_OFFSET;
        final long destination = ipHeader + Ipv6Flyweight.DESTINATION_FIELD_OFFSET;
        return pseudoHeader(NetworkOrder.i64(source), NetworkOrder.i64(source + Long.BYTES),
            NetworkOrder.i64(destination), NetworkOrder.i64(destination + Long.BYTES), protocol, lengthBytes);
    }

    /**
     * The checksum after one 16-bit word that it covers has changed (RFC 1624, equation 3).
     *
     * @param checksum the present value of the field.
     * @return the new value of the field.
     */
    public static int update16(final int checksum, final int oldWord, final int newWord) {
        return finish((~checksum & 0xFFFF) + (~oldWord & 0xFFFF) + (newWord & 0xFFFF));
    }

    /**
     * Completes a partial checksum, as the receiver of a frame with {@code NEEDS_CSUM} must. Sums from the start to the
     * end of the frame, the field's present value included, and stores the complement.
     *
     * @param start       address of the layer-4 header.
     * @param fieldOffset offset of the checksum field behind the start.
     * @param lengthBytes how many bytes from the start are covered.
     * @param isUdp       whether a result of 0 is sent as 0xFFFF, because 0 means "no checksum" (RFC 768).
     */
    public static void complete(final long start, final int fieldOffset, final int lengthBytes, final boolean isUdp) {
        final int checksum = finish(sum(start, lengthBytes));
        final short value = (short) (isUdp && checksum == 0 ? 0xFFFF : checksum);
        UnsafeApi.putShort(start + fieldOffset, NATIVE_IS_LITTLE_ENDIAN ? Short.reverseBytes(value) : value);
    }

    private static long halves(final long value) {
        return (value >>> 32) + (value & 0xFFFF_FFFFL);
    }
}
