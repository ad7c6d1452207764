package org.sluice.control.ipam;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.protocol.IpAddress;

/**
 * Finds a subnet for a network that names none: in the address blocks that docker uses by default, or among IPv6's
 * private ones.
 */
public final class SubnetAllocator {
    /** fd00::/8, locally assigned. */
    private static final long ULA = 0xFD00_0000_0000_0000L;
    private static final int IPV6_LENGTH = 64;
    private static final int MAX_TRIES = 1000;
    private static final List<IpPrefix> CANDIDATES = candidates();

    private SubnetAllocator() {
    }

    /**
     * The first default subnet that is free.
     *
     * @param clashes whether a subnet overlaps a network or a route of the host.
     * @throws ControlException when none is left.
     */
    public static IpPrefix allocate(final Predicate<IpPrefix> clashes) {
        return CANDIDATES.stream().filter(clashes.negate()).findFirst().orElseThrow(() -> ControlException.conflict(
            "no default subnet is free of clashes with other networks and the host's routes; name one with --subnet"));
    }

    /**
     * A random IPv6 subnet of the private ones (RFC 4193, section 3.2).
     *
     * @param clashes as above.
     * @throws ControlException when none is found.
     */
    public static IpPrefix allocateIpv6(final Predicate<IpPrefix> clashes) {
        return ThreadLocalRandom.current().longs(MAX_TRIES)
            .mapToObj(random -> IpPrefix.of(IpAddress.of(ULA | random >>> Byte.SIZE, 0), IPV6_LENGTH))
            .filter(clashes.negate()).findFirst().orElseThrow(() -> ControlException.conflict("no private IPv6 subnet"
                + " is free of clashes with other networks and the host's routes; name one with --subnet"));
    }

    /** 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in steps of /20. */
    private static List<IpPrefix> candidates() {
        final List<IpPrefix> blocks = new ArrayList<>();
        for (int second = 17; second < 32; second++) {
            blocks.add(IpPrefix.parse("172." + second + ".0.0/16"));
        }
        final IpPrefix last = IpPrefix.parse("192.168.0.0/16");
        for (int step = 0; step < 16; step++) {
            blocks.add(IpPrefix.of(last.at(BigInteger.valueOf((long) step << 12)), 20));
        }
        return blocks;
    }
}
