package org.sluice.datapath.protocol;

/**
 * Ethernet II header (IEEE 802.3).
 * <pre>
 *    0                   6                  12        14
 *   +-------------------+-------------------+---------+
 *   |  destination MAC  |    source MAC     |  type   |
 *   +-------------------+-------------------+---------+
 * </pre>
 */
public final class EthernetFlyweight extends Flyweight {
    public static final int LENGTH = 14;
    public static final int ETHER_TYPE_FIELD_OFFSET = 12;
    private static final int SOURCE_FIELD_OFFSET = 6;

    public EthernetFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public long destination() {
        return i64(0) >>> 16;
    }

    public void destination(final long mac) {
        mac(0, mac);
    }

    public long source() {
        return i64(SOURCE_FIELD_OFFSET - 2) & MacAddress.MASK;
    }

    public void source(final long mac) {
        mac(SOURCE_FIELD_OFFSET, mac);
    }

    public int etherType() {
        return u16(ETHER_TYPE_FIELD_OFFSET);
    }

    public void etherType(final int type) {
        u16(ETHER_TYPE_FIELD_OFFSET, type);
    }
}
