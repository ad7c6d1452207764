package org.sluice.datapath.protocol;

/**
 * IPv6 extension header (RFC 8200, section 4), with the offset and flag of a fragment header.
 * <pre>
 *    0      1        2                 4
 *   +------+--------+-----------------+----------
 *   | next | length | fragment offset | ...
 *   +------+--------+-----------------+----------
 * </pre>
 */
public final class Ipv6ExtensionFlyweight extends Flyweight {
    private static final int LENGTH_FIELD_OFFSET = 1;
    private static final int FRAGMENT_FIELD_OFFSET = 2;
    private static final int IDENTIFICATION_FIELD_OFFSET = 4;

    public Ipv6ExtensionFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int nextHeader() {
        return u8(0);
    }

    /** The raw length field; its unit depends on the header. */
    public int lengthField() {
        return u8(LENGTH_FIELD_OFFSET);
    }

    /** Offset in the high 13 bits, "more fragments" in the lowest. */
    public int fragmentField() {
        return u16(FRAGMENT_FIELD_OFFSET);
    }

    /** Identification of a fragment header. */
    public int identification() {
        return i32(IDENTIFICATION_FIELD_OFFSET);
    }
}
