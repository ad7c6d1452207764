package org.sluice.control.model;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A pool of addresses that Docker has asked for, and what is given out of it; part of the state that outlives the
 * daemon.
 *
 * @param id     by which Docker names it.
 * @param range  where addresses are handed out: the subnet or a part of it.
 * @param users  how often it was asked for and not given back yet.
 * @param leases the addresses in use.
 */
public record PoolSpec(String id, IpPrefix subnet, IpPrefix range, int users, List<InetAddress> leases) {
    /** The same with another count. */
    public PoolSpec withUsers(final int count) {
        return new PoolSpec(id, subnet, range, count, leases);
    }

    /** The same with one more lease. */
    public PoolSpec with(final InetAddress lease) {
        final List<InetAddress> more = new ArrayList<>(leases);
        more.add(lease);
        return new PoolSpec(id, subnet, range, users, List.copyOf(more));
    }

    /** The same without a lease. */
    public PoolSpec without(final InetAddress lease) {
        return new PoolSpec(id, subnet, range, users,
            leases.stream().filter(address -> !address.equals(lease)).toList());
    }
}
