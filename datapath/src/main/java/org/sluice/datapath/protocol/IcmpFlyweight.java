package org.sluice.datapath.protocol;

/**
 * ICMP header (RFC 792), with the identifier and sequence number of an echo.
 * <pre>
 *    0      1      2             4             6             8
 *   +------+------+-------------+-------------+-------------+
 *   | type | code |  checksum   | identifier  |  sequence   |
 *   +------+------+-------------+-------------+-------------+
 * </pre>
 */
public final class IcmpFlyweight extends Flyweight {
    public static final int LENGTH = 8;
    public static final int ECHO_REPLY = 0;
    public static final int ECHO_REQUEST = 8;
    public static final int CHECKSUM_FIELD_OFFSET = 2;
    public static final int IDENTIFIER_FIELD_OFFSET = 4;
    private static final int SEQUENCE_FIELD_OFFSET = 6;
    private static final int UNREACHABLE = 3;
    private static final int SOURCE_QUENCH = 4;
    private static final int REDIRECT = 5;
    private static final int TIME_EXCEEDED = 11;
    private static final int PARAMETER_PROBLEM = 12;
    private static final int ICMPV6_FIRST_ERROR = 1;
    private static final int ICMPV6_LAST_ERROR = 4;

    /**
     * Whether a message quotes a packet to report that it was not delivered.
     *
     * @param protocol ICMP or ICMPv6.
     */
    public static boolean isError(final int protocol, final int type) {
        if (protocol == IpProtocol.ICMPV6) {
            return type >= ICMPV6_FIRST_ERROR && type <= ICMPV6_LAST_ERROR;
        }
        return protocol == IpProtocol.ICMP && switch (type) {
            case UNREACHABLE, SOURCE_QUENCH, TIME_EXCEEDED, PARAMETER_PROBLEM -> true;
            default -> false;
        };
    }

    /** Whether a message tells its receiver to send packets by another router. */
    public static boolean isRedirect(final int protocol, final int type) {
        return protocol == IpProtocol.ICMP && type == REDIRECT;
    }

    public IcmpFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int type() {
        return u8(0);
    }

    public void type(final int value) {
        u8(0, value);
    }

    public int code() {
        return u8(1);
    }

    public void code(final int value) {
        u8(1, value);
    }

    /** Type and code as the one 16-bit word that the checksum covers. */
    public int typeAndCode() {
        return u16(0);
    }

    public int checksum() {
        return u16(CHECKSUM_FIELD_OFFSET);
    }

    public void checksum(final int value) {
        u16(CHECKSUM_FIELD_OFFSET, value);
    }

    public int identifier() {
        return u16(IDENTIFIER_FIELD_OFFSET);
    }

    public void identifier(final int value) {
        u16(IDENTIFIER_FIELD_OFFSET, value);
    }

    public int sequence() {
        return u16(SEQUENCE_FIELD_OFFSET);
    }

    public void sequence(final int value) {
        u16(SEQUENCE_FIELD_OFFSET, value);
    }
}
