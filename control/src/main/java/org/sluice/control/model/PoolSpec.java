package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;

/**
 * A pool of addresses that Docker has asked for, and what is given out of it; part of the state that outlives the
 * daemon.
 *
 * @param id       by which Docker names it.
 * @param range    where addresses are handed out: the subnet or a part of it.
 * @param users    how often it was asked for and not given back yet.
 * @param leases   the addresses in use.
 * @param gateways those of them that were asked for as gateways: Docker does not always tell of them later.
 */
public record PoolSpec(String id, IpPrefix subnet, IpPrefix range, int users, List<InetAddress> leases,
                       List<InetAddress> gateways) {
    /** The same with another count. */
    public PoolSpec withUsers(final int count) {
        return new PoolSpec(id, subnet, range, count, leases, gateways);
    }

    /** The same with one more lease. */
    public PoolSpec with(final InetAddress lease) {
        return new PoolSpec(id, subnet, range, users, add(leases, lease), gateways);
    }

    /** The same with one more lease, a gateway's. */
    public PoolSpec withGateway(final InetAddress lease) {
        return new PoolSpec(id, subnet, range, users, add(leases, lease), add(gateways, lease));
    }

    /** The same without a lease. */
    public PoolSpec without(final InetAddress lease) {
        return new PoolSpec(id, subnet, range, users, remove(leases, lease), remove(gateways, lease));
    }

    private static List<InetAddress> add(final List<InetAddress> addresses, final InetAddress one) {
        return Stream.concat(addresses.stream(), Stream.of(one)).toList();
    }

    private static List<InetAddress> remove(final List<InetAddress> addresses, final InetAddress one) {
        return addresses.stream().filter(address -> !address.equals(one)).toList();
    }
}
