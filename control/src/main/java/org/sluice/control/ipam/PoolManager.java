package org.sluice.control.ipam;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PoolSpec;

/**
 * The pools of addresses that Docker takes for its networks, of whatever driver, when it leaves address management to
 * us. Edits the state; its caller saves it. Owned by the control thread.
 */
public final class PoolManager {
    private static final int MIN_IPV6_ROUTE = 16;

    private final DesiredState state;
    private final Map<String, AddressPool> pools = new HashMap<>();

    public PoolManager(final DesiredState state) {
        this.state = state;
        for (final PoolSpec spec : state.pools()) {
            final AddressPool pool = new AddressPool(spec.subnet(), spec.range());
            spec.leases().forEach(pool::take);
            pools.put(spec.id(), pool);
        }
    }

    /**
     * Takes a pool. The same one may be taken several times, and is then given back as often.
     *
     * @param space  whose addresses they are: the same subnet of two spaces is two pools.
     * @param subnet or null for any that clashes with nothing.
     * @param range  the part of it to hand addresses out of, or null for all.
     * @throws ControlException when it overlaps another pool of the space, or none is free.
     */
    public PoolSpec request(final String space, final @Nullable IpPrefix subnet, final @Nullable IpPrefix range,
                            final boolean ipv6) {
        if (range != null) {
            requireWithin(range, subnet);
        }
        final IpPrefix chosen = subnet == null ? choose(ipv6) : subnet;
        final IpPrefix handedOut = range == null ? chosen : range;
        final String id = space + "/" + chosen + (range == null ? "" : "/" + range);
        final PoolSpec known = state.pool(id).orElse(null);
        if (known == null) {
            requireNoOverlap(space, chosen);
            pools.put(id, new AddressPool(chosen, handedOut));
        }
        final PoolSpec spec =
            known == null ? new PoolSpec(id, chosen, handedOut, 1, List.of(), List.of())
                : known.withUsers(known.users() + 1);
        state.put(spec);
        return spec;
    }

    private static void requireWithin(final IpPrefix range, final @Nullable IpPrefix subnet) {
        if (subnet == null) {
            throw ControlException.invalid("--ip-range " + range + " needs a --subnet that it is a part of");
        }
        if (!subnet.contains(range)) {
            throw ControlException.invalid("IP range " + range + " is not within the subnet " + subnet);
        }
    }

    /**
     * Gives a pool back; with the last one that has it, it ends and so do its leases.
     *
     * @throws ControlException when there is no such pool.
     */
    public void release(final String id) {
        final PoolSpec spec = pool(id);
        if (spec.users() > 1) {
            state.put(spec.withUsers(spec.users() - 1));
        } else {
            end(spec);
        }
    }

    /** Ends a pool, also one that networks still use. */
    public void end(final PoolSpec spec) {
        state.removePool(spec.id());
        pools.remove(spec.id());
    }

    /**
     * Leases an address.
     *
     * @param wanted  or null for any.
     * @param gateway whether it is a gateway's: any then means the subnet's first.
     * @throws ControlException when there is no such pool, or the address is not of it, or in use.
     */
    public InetAddress lease(final String id, final @Nullable InetAddress wanted, final boolean gateway) {
        final PoolSpec spec = pool(id);
        final AddressPool pool = addressesOf(spec);
        final InetAddress address = wanted == null && gateway ? spec.subnet().at(BigInteger.ONE) : wanted;
        final InetAddress leased;
        if (address == null) {
            leased = pool.take();
        } else {
            pool.take(address);
            leased = address;
        }
        state.put(gateway ? spec.withGateway(leased) : spec.with(leased));
        return leased;
    }

    /**
     * Gives an address back.
     *
     * @throws ControlException when there is no such pool, or the address is not leased.
     */
    public void release(final String id, final InetAddress address) {
        final PoolSpec spec = pool(id);
        if (!spec.leases().contains(address)) {
            throw ControlException.notFound("address " + IpPrefix.format(address) + " of the pool " + id
                + " is not in use");
        }
        addressesOf(spec).release(address);
        state.put(spec.without(address));
    }

    /**
     * @throws ControlException when there is no such pool.
     */
    public PoolSpec pool(final String id) {
        return state.pool(id).orElseThrow(() -> ControlException.notFound("there is no address pool \"" + id + "\""));
    }

    /** Every pool of the state has one. */
    private AddressPool addressesOf(final PoolSpec spec) {
        return Objects.requireNonNull(pools.get(spec.id()), spec.id());
    }

    private IpPrefix choose(final boolean ipv6) {
        // A route over as good as all private addresses, as tunnels set, is a default route: all are a part of it.
        final List<IpPrefix> taken = new ArrayList<>(LinkPlumber.hostRoutes(false).stream()
            .filter(route -> route.isIpv4() || route.length() >= MIN_IPV6_ROUTE).toList());
        taken.addAll(state.subnets());
        final Predicate<IpPrefix> clashes = candidate -> taken.stream().anyMatch(candidate::overlaps);
        return ipv6 ? SubnetAllocator.allocateIpv6(clashes) : SubnetAllocator.allocate(clashes);
    }

    private void requireNoOverlap(final String space, final IpPrefix subnet) {
        for (final PoolSpec other : state.pools()) {
            if (other.id().startsWith(space + "/") && other.subnet().overlaps(subnet)) {
                throw ControlException.conflict("subnet " + subnet + " overlaps the address pool " + other.subnet()
                    + " that another network uses");
            }
        }
    }
}
