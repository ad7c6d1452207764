package org.sluice.linux.netlink;

import java.nio.charset.StandardCharsets;

import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads the attributes of one received message. A length that points beyond the message ends the reading: this guards
 * against bugs, not against the kernel. Used by one thread.
 */
final class NetlinkAttributes {
    private static final int TYPE_MASK = 0x3FFF;

    private final DirectBuffer buffer;
    private final int start;
    private final int end;

    NetlinkAttributes(final DirectBuffer buffer, final int start, final int end) {
        this.buffer = buffer;
        this.start = start;
        this.end = end;
    }

    /** The value's bytes, or null without such an attribute. */
    byte[] bytes(final int type) {
        int offset = start;
        while (offset + NetlinkMessage.ATTRIBUTE_HEADER_BYTES <= end) {
            final int length = buffer.getShort(offset) & 0xFFFF;
            if (length < NetlinkMessage.ATTRIBUTE_HEADER_BYTES || offset + length > end) {
                return null;
            }
            if ((buffer.getShort(offset + 2) & TYPE_MASK) == type) {
                final byte[] value = new byte[length - NetlinkMessage.ATTRIBUTE_HEADER_BYTES];
                buffer.getBytes(offset + NetlinkMessage.ATTRIBUTE_HEADER_BYTES, value);
                return value;
            }
            offset += BitUtil.align(length, 4);
        }
        return null;
    }

    /** The attributes within one; none without such an attribute. */
    NetlinkAttributes nested(final int type) {
        final byte[] value = bytes(type);
        return value == null ? new NetlinkAttributes(buffer, end, end)
            : new NetlinkAttributes(new UnsafeBuffer(value), 0, value.length);
    }

    int integer(final int type, final int otherwise) {
        final byte[] value = bytes(type);
        return value == null || value.length != Integer.BYTES ? otherwise
            : (value[3] & 0xFF) << 24 | (value[2] & 0xFF) << 16 | (value[1] & 0xFF) << 8 | value[0] & 0xFF;
    }

    /** The same for a value in network order. */
    int networkInteger(final int type, final int otherwise) {
        return bytes(type) == null ? otherwise : Integer.reverseBytes(integer(type, 0));
    }

    /** The highest type among the attributes; 0 without any. */
    int highestType() {
        int highest = 0;
        int offset = start;
        while (offset + NetlinkMessage.ATTRIBUTE_HEADER_BYTES <= end) {
            final int length = buffer.getShort(offset) & 0xFFFF;
            if (length < NetlinkMessage.ATTRIBUTE_HEADER_BYTES || offset + length > end) {
                break;
            }
            highest = Math.max(highest, buffer.getShort(offset + 2) & TYPE_MASK);
            offset += BitUtil.align(length, 4);
        }
        return highest;
    }

    /** A string among the attributes that an attribute consists of; empty without. */
    String nestedString(final int outer, final int type) {
        final byte[] value = bytes(outer);
        return value == null ? "" : new NetlinkAttributes(new UnsafeBuffer(value), 0, value.length).string(type);
    }

    String string(final int type) {
        final byte[] value = bytes(type);
        return value == null || value.length == 0 ? ""
            : new String(value, 0, value.length - 1, StandardCharsets.UTF_8);
    }
}
