package org.sluice.control;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;

import org.sluice.datapath.bridge.PortIdentity;

/** From addresses as control holds them to addresses as the datapath does. */
final class Identities {
    private Identities() {
    }

    /** At most one address of each family. */
    static PortIdentity of(final long mac, final List<InetAddress> addresses) {
        int ipv4 = 0;
        long high = 0;
        long low = 0;
        for (final InetAddress address : addresses) {
            final ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
            if (address instanceof Inet4Address) {
                ipv4 = bytes.getInt();
            } else {
                high = bytes.getLong();
                low = bytes.getLong();
            }
        }
        return new PortIdentity(mac, ipv4, high, low);
    }
}
