package org.sluice.datapath.protocol;

/**
 * VLAN tag (IEEE 802.1Q), wrapped behind its own EtherType: the tag control information and the type that follows.
 * <pre>
 *    0                  2               4
 *   +-----+---+--------+---------------+
 *   | PCP |DEI|  VID   |     type      |
 *   +-----+---+--------+---------------+
 * </pre>
 */
public final class VlanFlyweight extends Flyweight {
    public static final int LENGTH = 4;
    private static final int ETHER_TYPE_FIELD_OFFSET = 2;

    public VlanFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public int vlanId() {
        return u16(0) & 0xFFF;
    }

    public int priority() {
        return u16(0) >>> 13;
    }

    public void tagControl(final int priority, final int vlanId) {
        u16(0, priority << 13 | vlanId);
    }

    public int etherType() {
        return u16(ETHER_TYPE_FIELD_OFFSET);
    }

    public void etherType(final int type) {
        u16(ETHER_TYPE_FIELD_OFFSET, type);
    }
}
