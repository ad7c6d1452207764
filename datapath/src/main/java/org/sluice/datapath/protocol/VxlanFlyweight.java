package org.sluice.datapath.protocol;

/**
 * VXLAN header (RFC 7348, section 5). All bits but the flag I and the VNI are sent as zero and ignored on receipt.
 * <pre>
 *    0       1                       4                       7       8
 *   +-------+-----------------------+-----------------------+-------+
 *   |  .I.  |        reserved       |          VNI          |   0   |
 *   +-------+-----------------------+-----------------------+-------+
 * </pre>
 */
public final class VxlanFlyweight extends Flyweight {
    public static final int LENGTH = 8;
    /** The UDP port that IANA assigned. */
    public static final int PORT = 4789;
    public static final int MAX_VNI = 0xFF_FFFF;

    private static final int VALID_VNI = 0x08;
    private static final int VNI_SHIFT = 8;
    private static final int VNI_FIELD_OFFSET = 4;

    public VxlanFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    /** Whether the flag I is set. Without it the packet has no VNI and is invalid. */
    public boolean isVniValid() {
        return (u8(0) & VALID_VNI) != 0;
    }

    public int vni() {
        return i32(VNI_FIELD_OFFSET) >>> VNI_SHIFT;
    }

    /** The whole header for a network, as a number in network order for {@link NetworkOrder#i64(long, long)}. */
    public static long header(final int vni) {
        return (long) VALID_VNI << 56 | (long) vni << VNI_SHIFT;
    }
}
