package org.sluice.datapath.conntrack;

import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6ExtensionFlyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;

/**
 * Reads the tuple of the packet that an ICMP error reports on, as far as the error holds it: at least the IP header and
 * eight bytes more. Owned by the worker.
 */
public final class EmbeddedPacket {
    private static final int MIN_L4_BYTES = 8;
    private static final int FRAGMENT_HEADER_BYTES = 8;
    private static final int FRAGMENT_OFFSET_SHIFT = 3;

    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Ipv6ExtensionFlyweight extension = new Ipv6ExtensionFlyweight();
    private long l3Address;
    private int l4Offset;
    private int l4Available;
    private int protocol;
    private boolean isIpv4;

    /**
     * Reads the packet's tuple.
     *
     * @param address   of the embedded IP header.
     * @param available bytes from there to the end of the message.
     * @param tuple     where to write the tuple.
     * @return false when the packet is truncated too early, is no first fragment, or has no tuple.
     */
    public boolean read(final long address, final int available, final boolean asIpv4, final long tuple) {
        l3Address = address;
        isIpv4 = asIpv4;
        if (!(asIpv4 ? readIpv4(available, tuple) : readIpv6(available, tuple))) {
            return false;
        }
        final long ports = TupleReader.ports(protocol, address + l4Offset, l4Available);
        if (ports == TupleReader.NO_PORTS) {
            return false;
        }
        FlowTuple.ports(tuple, ports);
        return true;
    }

    private boolean readIpv4(final int available, final long tuple) {
        if (available < Ipv4Flyweight.MIN_LENGTH + MIN_L4_BYTES) {
            return false;
        }
        ipv4.wrap(l3Address, available);
        l4Offset = ipv4.headerLength();
        l4Available = available - l4Offset;
        protocol = ipv4.protocol();
        FlowTuple.source(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(ipv4.source()));
        FlowTuple.destination(tuple, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(ipv4.destination()));
        return ipv4.version() == 4 && l4Offset >= Ipv4Flyweight.MIN_LENGTH && l4Available >= MIN_L4_BYTES
            && !ipv4.isLaterFragment();
    }

    /** Accepts no extension header but the fragment header: a tracked endpoint's packet has no other. */
    private boolean readIpv6(final int available, final long tuple) {
        if (available < Ipv6Flyweight.LENGTH + MIN_L4_BYTES) {
            return false;
        }
        ipv6.wrap(l3Address, available);
        l4Offset = Ipv6Flyweight.LENGTH;
        l4Available = available - l4Offset;
        protocol = ipv6.nextHeader();
        FlowTuple.source(tuple, ipv6.sourceHigh(), ipv6.sourceLow());
        FlowTuple.destination(tuple, ipv6.destinationHigh(), ipv6.destinationLow());
        return ipv6.version() == 6 && !FlowTuple.hasMapped(tuple)
            && (protocol != IpProtocol.FRAGMENT || skipFragmentHeader());
    }

    private boolean skipFragmentHeader() {
        if (l4Available < FRAGMENT_HEADER_BYTES + MIN_L4_BYTES) {
            return false;
        }
        extension.wrap(l3Address + l4Offset, l4Available);
        protocol = extension.nextHeader();
        l4Offset += FRAGMENT_HEADER_BYTES;
        l4Available -= FRAGMENT_HEADER_BYTES;
        return extension.fragmentField() >>> FRAGMENT_OFFSET_SHIFT == 0;
    }

    public boolean isIpv4() {
        return isIpv4;
    }

    public long l3Address() {
        return l3Address;
    }

    public long l4Address() {
        return l3Address + l4Offset;
    }

    /** Bytes of the layer-4 header and payload that the error holds. */
    public int l4Available() {
        return l4Available;
    }

    public int protocol() {
        return protocol;
    }
}
