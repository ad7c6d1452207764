package org.sluice.control.model;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.Route;

/** Turns addresses and prefixes of control into what the datapath takes. */
public final class Addresses {
    private Addresses() {
    }

    /** Length of a prefix among 128 bits. */
    public static int length(final InetAddress network, final int length) {
        return network instanceof Inet4Address ? length + Route.IPV4_LENGTH_OFFSET : length;
    }

    public static ConntrackFilter.Prefix prefixOf(final IpPrefix prefix) {
        return new ConntrackFilter.Prefix(IpAddress.high(prefix.network()), IpAddress.low(prefix.network()),
            length(prefix.network(), prefix.length()));
    }

    /** At most one address of each family. */
    public static PortIdentity identity(final long mac, final List<InetAddress> addresses) {
        int ipv4 = 0;
        long high = 0;
        long low = 0;
        for (final InetAddress address : addresses) {
            if (address instanceof Inet4Address) {
                ipv4 = (int) IpAddress.low(address);
            } else {
                high = IpAddress.high(address);
                low = IpAddress.low(address);
            }
        }
        return new PortIdentity(mac, ipv4, high, low);
    }
}
