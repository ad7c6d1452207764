package org.sluice.linux.netlink;

import java.nio.charset.StandardCharsets;

import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes one netlink request (RFC 3549; Linux uapi/linux/netlink.h): a header, a family's fixed part, and attributes.
 * <pre>
 *    0          4       6        8            12           16
 *   +----------+-------+--------+------------+------------+----------------+-----------------+
 *   |  length  | type  | flags  |  sequence  |  port id   |  family header | attributes ...  |
 *   +----------+-------+--------+------------+------------+----------------+-----------------+
 * </pre>
 * An attribute is a length, a type and a value, padded to four bytes. Everything but addresses is in native order. Used
 * by one thread.
 */
final class NetlinkMessage {
    static final int HEADER_BYTES = 16;
    static final int TYPE_FIELD_OFFSET = 4;
    static final int FLAGS_FIELD_OFFSET = 6;
    static final int SEQUENCE_FIELD_OFFSET = 8;
    static final int ATTRIBUTE_HEADER_BYTES = 4;

    private final UnsafeBuffer buffer;
    private int length;

    NetlinkMessage(final UnsafeBuffer buffer) {
        this.buffer = buffer;
    }

    /** Starts a new request, with a family header of zeroes. */
    NetlinkMessage begin(final int type, final int flags, final int familyHeaderBytes) {
        length = HEADER_BYTES + BitUtil.align(familyHeaderBytes, 4);
        buffer.setMemory(0, length, (byte) 0);
        buffer.putShort(TYPE_FIELD_OFFSET, (short) type);
        buffer.putShort(FLAGS_FIELD_OFFSET, (short) flags);
        return this;
    }

    NetlinkMessage familyByte(final int offset, final int value) {
        buffer.putByte(HEADER_BYTES + offset, (byte) value);
        return this;
    }

    NetlinkMessage familyShort(final int offset, final int value) {
        buffer.putShort(HEADER_BYTES + offset, (short) value);
        return this;
    }

    NetlinkMessage familyInt(final int offset, final int value) {
        buffer.putInt(HEADER_BYTES + offset, value);
        return this;
    }

    NetlinkMessage attribute(final int type, final int value) {
        final int offset = startAttribute(type, Integer.BYTES);
        buffer.putInt(offset, value);
        return this;
    }

    NetlinkMessage attribute(final int type, final byte[] value) {
        final int offset = startAttribute(type, value.length);
        buffer.putBytes(offset, value);
        return this;
    }

    /** A string with its terminating zero. */
    NetlinkMessage attribute(final int type, final String value) {
        final byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        final int offset = startAttribute(type, bytes.length + 1);
        buffer.putBytes(offset, bytes);
        return this;
    }

    /** Begins a nested attribute; the result is for {@link #endNested}. */
    int beginNested(final int type) {
        return startAttribute(type, 0) - ATTRIBUTE_HEADER_BYTES;
    }

    NetlinkMessage endNested(final int offset) {
        buffer.putShort(offset, (short) (length - offset));
        return this;
    }

    /**
     * Completes the header.
     *
     * @return the message's length in bytes.
     */
    int end(final int sequence) {
        buffer.putInt(0, length);
        buffer.putInt(SEQUENCE_FIELD_OFFSET, sequence);
        return length;
    }

    private int startAttribute(final int type, final int valueBytes) {
        final int offset = length;
        length += BitUtil.align(ATTRIBUTE_HEADER_BYTES + valueBytes, 4);
        buffer.setMemory(offset, length - offset, (byte) 0);
        buffer.putShort(offset, (short) (ATTRIBUTE_HEADER_BYTES + valueBytes));
        buffer.putShort(offset + 2, (short) type);
        return offset + ATTRIBUTE_HEADER_BYTES;
    }
}
