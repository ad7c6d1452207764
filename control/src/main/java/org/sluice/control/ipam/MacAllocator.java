package org.sluice.control.ipam;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.NetworkSpec;
import org.sluice.datapath.protocol.MacAddress;

/** MAC addresses made of IP addresses, as docker makes them. */
public final class MacAllocator {
    private static final long PREFIX = 0x0242_0000_0000L;

    private MacAllocator() {
    }

    /** 02:42 and the four bytes of the first IPv4 address, or else the last four of an IPv6 address. */
    public static long macFor(final List<InetAddress> addresses) {
        final InetAddress address = addresses.stream().filter(Inet4Address.class::isInstance).findFirst()
            .orElse(addresses.getFirst());
        final byte[] bytes = address.getAddress();
        return PREFIX | ByteBuffer.wrap(bytes).getInt(bytes.length - Integer.BYTES) & 0xFFFF_FFFFL;
    }

    /**
     * Chooses an endpoint's MAC address: the one asked for, or the one made of its addresses, or a random one of the
     * same block where another endpoint has that.
     *
     * @param asked in text, or null.
     * @param taken by other endpoints of the network, in text.
     * @throws ControlException when the one asked for is wrong or taken.
     */
    public static String choose(final NetworkSpec network, final @Nullable String asked,
                                final List<InetAddress> addresses, final Collection<String> taken) {
        if (asked == null) {
            String mac = MacAddress.format(macFor(addresses));
            while (mac.equals(network.gatewayMac()) || taken.contains(mac)) {
                mac = MacAddress.format(PREFIX | ThreadLocalRandom.current().nextInt() & 0xFFFF_FFFFL);
            }
            return mac;
        }
        final String mac = MacAddress.format(parse(asked));
        if (mac.equals(network.gatewayMac())) {
            throw ControlException.conflict("MAC address " + mac + " is the gateway's");
        }
        if (taken.contains(mac)) {
            throw ControlException.conflict("MAC address " + mac
                + " is in use on the network; see: sluice endpoint ls"
                + (network.spansHosts() ? ", sluice vtep ls --json" : ""));
        }
        return mac;
    }

    /**
     * Reads a MAC address that an interface may have.
     *
     * @throws ControlException when it is none, or zero, or a group address.
     */
    public static long parse(final String text) {
        final long mac;
        try {
            mac = MacAddress.parse(text);
        } catch (final IllegalArgumentException ex) {
            throw ControlException.invalid(String.valueOf(ex.getMessage()));
        }
        if (mac == 0 || MacAddress.isGroup(mac)) {
            throw ControlException.invalid("MAC address " + text
                + " is zero or a group address: no interface can have it");
        }
        return mac;
    }
}
