package org.sluice.datapath.conntrack;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6ExtensionFlyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;

/**
 * Reads from a fragment which packet it belongs to and which part it is (RFC 791; RFC 8200, 4.5). Offsets are in units
 * of eight bytes. Owned by the worker.
 */
final class Fragment {
    static final int UNIT_BYTES = 8;

    private static final int MORE_FRAGMENTS_IPV4 = 0x2000;
    private static final int OFFSET_MASK_IPV4 = 0x1FFF;
    private static final int MORE_FRAGMENTS_IPV6 = 1;
    private static final int OFFSET_SHIFT_IPV6 = 3;

    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Ipv6ExtensionFlyweight extension = new Ipv6ExtensionFlyweight();
    private int identification;
    private int firstUnit;
    private int lengthBytes;
    private boolean last;

    /** Reads frame {@code i}; returns false when it is no fragment. */
    boolean read(final FrameBatch batch, final int i) {
        return batch.etherType(i) == EtherType.IPV4 ? readIpv4(batch, i) : readIpv6(batch, i);
    }

    private boolean readIpv4(final FrameBatch batch, final int i) {
        ipv4.wrap(batch.l3Address(i), batch.l3Available(i));
        final int field = ipv4.fragmentField();
        if ((field & (MORE_FRAGMENTS_IPV4 | OFFSET_MASK_IPV4)) == 0) {
            return false;
        }
        identification = ipv4.identification();
        firstUnit = field & OFFSET_MASK_IPV4;
        last = (field & MORE_FRAGMENTS_IPV4) == 0;
        lengthBytes = ipv4.totalLength() - ipv4.headerLength();
        return true;
    }

    /**
     * The parser found the chain whole. The fragment header is in front of the offset that it calls layer 4, or last.
     */
    private boolean readIpv6(final FrameBatch batch, final int i) {
        ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
        final int end = Ipv6Flyweight.LENGTH + ipv6.payloadLength();
        int offset = Ipv6Flyweight.LENGTH;
        int header = ipv6.nextHeader();
        while (header != IpProtocol.FRAGMENT) {
            if (!isBeforeFragmentHeader(header) || end - offset < UNIT_BYTES) {
                return false;
            }
            extension.wrap(batch.l3Address(i) + offset, end - offset);
            header = extension.nextHeader();
            offset += extension.lengthField() + 1 << OFFSET_SHIFT_IPV6;
        }
        if (end - offset < UNIT_BYTES) {
            return false;
        }
        extension.wrap(batch.l3Address(i) + offset, end - offset);
        final int field = extension.fragmentField();
        identification = extension.identification();
        firstUnit = field >>> OFFSET_SHIFT_IPV6;
        last = (field & MORE_FRAGMENTS_IPV6) == 0;
        lengthBytes = end - offset - UNIT_BYTES;
        return firstUnit != 0 || !last; // an "atomic" fragment is a whole packet
    }

    private static boolean isBeforeFragmentHeader(final int header) {
        return header == IpProtocol.HOP_BY_HOP || header == IpProtocol.ROUTING
            || header == IpProtocol.DESTINATION_OPTIONS;
    }

    int identification() {
        return identification;
    }

    boolean isFirst() {
        return firstUnit == 0;
    }

    /** Whether it is the last fragment of its packet. */
    boolean isLast() {
        return last;
    }

    int firstUnit() {
        return firstUnit;
    }

    /** Length of the fragment in whole units; only the last one may have a remainder. */
    int units() {
        return (lengthBytes + UNIT_BYTES - 1) / UNIT_BYTES;
    }

    /** Whether a fragment may have this length. */
    boolean isPossible() {
        return lengthBytes > 0 && (last || lengthBytes % UNIT_BYTES == 0)
            && firstUnit * UNIT_BYTES + lengthBytes <= 65_535;
    }
}
