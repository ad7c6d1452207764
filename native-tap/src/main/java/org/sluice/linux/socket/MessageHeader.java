package org.sluice.linux.socket;

/**
 * Offsets of the fields of {@code struct msghdr} and {@code struct cmsghdr} (recvmsg(2), cmsg(3)), on 64 bits.
 * <pre>
 *   msghdr:  name (8) | name length (4) | pad (4) | iovec (8) | iovec count (8) | control (8) | control length (8)
 *            | flags (4) | pad (4)
 *   cmsghdr: length (8) | level (4) | type (4) | data, aligned to 8
 * </pre>
 */
public final class MessageHeader {
    public static final int BYTES = 56;
    public static final int NAME_OFFSET = 0;
    public static final int NAME_LENGTH_OFFSET = 8;
    public static final int IOVEC_OFFSET = 16;
    public static final int IOVEC_COUNT_OFFSET = 24;
    public static final int CONTROL_OFFSET = 32;
    public static final int CONTROL_LENGTH_OFFSET = 40;

    public static final int CONTROL_HEADER_BYTES = 16;
    public static final int CONTROL_LEVEL_OFFSET = 8;
    public static final int CONTROL_TYPE_OFFSET = 12;

    private MessageHeader() {
    }
}
