package org.sluice.datapath.bridge;

import org.agrona.collections.Long2ObjectHashMap;

/**
 * Whose the IPv6 link-local addresses of one network are. Nobody assigns them: a port owns the address that its MAC
 * leads to (RFC 4291, appendix A), and may claim a few others by using them first (RFC 7217, RFC 8981). So an endpoint
 * cannot speak for another's address, nor fail its duplicate address detection. The host may take any. Owned by the
 * worker.
 */
public final class LinkLocalOwners {
    /** fe80::/64; the standard allows no other link-local addresses (RFC 4291, 2.5.6). */
    private static final long PREFIX = 0xFE80_0000_0000_0000L;
    private static final int MOST_CLAIMS = 4;

    private final Long2ObjectHashMap<Port> owners = new Long2ObjectHashMap<>();

    /** The low half of the address that a device with this MAC makes for itself. */
    public static long ofMac(final long mac) {
        return (mac >>> 24 ^ 0x02_0000L) << 40 | 0xFF_FE00_0000L | mac & 0xFF_FFFFL;
    }

    /** A port has come: its MAC's address is its own, whoever has claimed it before. */
    void add(final Port port) {
        owners.put(ofMac(port.identity().mac()), port);
    }

    /** A port is gone, with its claims. */
    void remove(final Port port) {
        owners.values().removeIf(owner -> owner == port);
    }

    /** Whether the port may speak for the address; claims it if nobody has. */
    public boolean isOf(final Port port, final long high, final long low) {
        if (high != PREFIX) {
            return false;
        }
        final Port owner = owners.get(low);
        return owner == port || owner == null && claim(port, low);
    }

    /** The host speaks for an address: from now on no endpoint does. */
    public void take(final Port host, final long low) {
        if (owners.get(low) != host) {
            owners.put(low, host);
        }
    }

    private boolean claim(final Port port, final long low) {
        if (port.linkLocalClaims() == MOST_CLAIMS) {
            return false;
        }
        port.linkLocalClaims(port.linkLocalClaims() + 1);
        owners.put(low, port);
        return true;
    }
}
