package org.sluice.datapath.protocol;

import java.nio.ByteOrder;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words. Sums are carried
 * unfolded in a {@code long}, in network word order, and folded once at the end.
 */
public final class InternetChecksum {
    private InternetChecksum() {
    }

    /**
     * One's complement sum of a range, folded to 16 bits and not complemented. An odd last byte counts as the high
     * half of a word.
     */
    public static int sum(final UnsafeBuffer buffer, final int offset, final int lengthBytes) {
        // Words of 32 bits in memory order: the one's complement sum does not mind the byte order (RFC 1071, 2 (B)),
        // so it is turned round once at the end.
        long even = 0;
        long odd = 0;
        int i = offset;
        final int end = offset + lengthBytes;
        for (final int last = end - 7; i < last; i += 8) {
            final long word = buffer.getLong(i, ByteOrder.LITTLE_ENDIAN);
            even += word & 0xFFFF_FFFFL;
            odd += word >>> 32;
        }
        long sum = even + odd;
        if (end - i >= 4) {
            sum += buffer.getInt(i, ByteOrder.LITTLE_ENDIAN) & 0xFFFF_FFFFL;
            i += 4;
        }
        if (end - i >= 2) {
            sum += buffer.getShort(i, ByteOrder.LITTLE_ENDIAN) & 0xFFFF;
            i += 2;
        }
        if (end - i == 1) {
            sum += buffer.getByte(i) & 0xFF;
        }
        return Short.reverseBytes((short) fold(sum)) & 0xFFFF;
    }

    /** Folds an unfolded sum of 16-bit or 32-bit words to 16 bits. */
    public static int fold(final long sum) {
        long folded = (sum & 0xFFFF_FFFFL) + (sum >>> 32);
        folded = (folded & 0xFFFF) + (folded >>> 16);
        folded = (folded & 0xFFFF) + (folded >>> 16);
        return (int) ((folded & 0xFFFF) + (folded >>> 16));
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

    /**
     * The checksum after one 16-bit word that it covers has changed (RFC 1624, equation 3).
     *
     * @param checksum as it stands in the field.
     * @return the new value of the field.
     */
    public static int update16(final int checksum, final int oldWord, final int newWord) {
        return finish((~checksum & 0xFFFF) + (~oldWord & 0xFFFF) + (newWord & 0xFFFF));
    }

    /** The checksum after 32 bits that it covers, at an even offset, have changed (RFC 1624, equation 3). */
    public static int update32(final int checksum, final int oldWord, final int newWord) {
        return finish((~checksum & 0xFFFF) + (~oldWord & 0xFFFF_FFFFL) + (newWord & 0xFFFF_FFFFL));
    }

    /**
     * The field of a <em>partial</em> checksum after 32 bits of the pseudo-header have changed. Such a field holds the
     * folded sum itself, not its complement.
     */
    public static int updatePartial32(final int partial, final int oldWord, final int newWord) {
        return fold((partial & 0xFFFF) + (~oldWord & 0xFFFF_FFFFL) + (newWord & 0xFFFF_FFFFL));
    }

    /**
     * Completes a partial checksum, as the receiver of a frame with {@code NEEDS_CSUM} must: sums from the start to
     * the end of the frame with the field's present value in it, and stores the complement.
     *
     * @param start       offset of the layer-4 header in the frame.
     * @param fieldOffset offset of the checksum field behind the start.
     * @param end         offset behind the last byte that is covered.
     * @param isUdp       a result of 0 is sent as 0xFFFF, since 0 says that there is none (RFC 768).
     */
    public static void complete(final UnsafeBuffer frame, final int start, final int fieldOffset, final int end,
                                final boolean isUdp) {
        final int checksum = finish(sum(frame, start, end - start));
        final int value = isUdp && checksum == 0 ? 0xFFFF : checksum;
        frame.putShort(start + fieldOffset, (short) value, ByteOrder.BIG_ENDIAN);
    }

    private static long halves(final long value) {
        return (value >>> 32) + (value & 0xFFFF_FFFFL);
    }
}
