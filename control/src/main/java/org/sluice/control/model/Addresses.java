package org.sluice.control.model;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.route.Route;

/** From addresses as control holds them to addresses as the datapath does, IPv4 ones mapped, and back. */
public final class Addresses {
    private Addresses() {
    }

    /** High half; 0 for null. */
    public static long high(final InetAddress address) {
        return address == null || address instanceof Inet4Address ? FlowTuple.IPV4_HIGH
            : ByteBuffer.wrap(address.getAddress()).getLong();
    }

    /** Low half; 0 for null. */
    public static long low(final InetAddress address) {
        if (address == null) {
            return 0;
        }
        final ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet4Address ? FlowTuple.ipv4Low(bytes.getInt()) : bytes.getLong(Long.BYTES);
    }

    /** Length of a prefix among 128 bits. */
    public static int length(final InetAddress network, final int length) {
        return network instanceof Inet4Address ? length + Route.IPV4_LENGTH_OFFSET : length;
    }

    public static ConntrackFilter.Prefix prefixOf(final IpPrefix prefix) {
        return new ConntrackFilter.Prefix(high(prefix.network()), low(prefix.network()),
            length(prefix.network(), prefix.length()));
    }

    public static InetAddress of(final long high, final long low) {
        final byte[] bytes = FlowTuple.isIpv4(high, low) ? ByteBuffer.allocate(Integer.BYTES).putInt((int) low).array()
            : ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low).array();
        try {
            return InetAddress.getByAddress(bytes);
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(ex);
        }
    }

    /** At most one address of each family. */
    public static PortIdentity identity(final long mac, final List<InetAddress> addresses) {
        int ipv4 = 0;
        long high = 0;
        long low = 0;
        for (final InetAddress address : addresses) {
            if (address instanceof Inet4Address) {
                ipv4 = (int) low(address);
            } else {
                high = high(address);
                low = low(address);
            }
        }
        return new PortIdentity(mac, ipv4, high, low);
    }
}
