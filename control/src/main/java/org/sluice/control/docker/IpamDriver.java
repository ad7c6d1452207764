package org.sluice.control.docker;

import java.net.InetAddress;
import java.util.Map;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.ControlThread;
import org.sluice.control.ipam.PoolManager;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.PoolSpec;
import org.sluice.control.model.StateStore;

/**
 * Docker's address management driver ({@code --ipam-driver sluice}): the protocol of moby
 * daemon/libnetwork/ipams/remote. Called by any thread; what it changes it changes on the control thread.
 */
final class IpamDriver {
    static final String LOCAL_SPACE = "local";
    private static final String GLOBAL_SPACE = "global";
    private static final String ADDRESS_TYPE = "RequestAddressType";
    private static final String GATEWAY = "com.docker.network.gateway";

    private final ControlThread control;
    private final StateStore store;
    private final PoolManager pools;
    private final DockerWatch watch;

    IpamDriver(final ControlThread control, final StateStore store, final PoolManager pools,
               final DockerWatch watch) {
        this.control = control;
        this.store = store;
        this.pools = pools;
        this.watch = watch;
    }

    IpamMessages.Capabilities capabilities() {
        return new IpamMessages.Capabilities(false, false);
    }

    IpamMessages.AddressSpaces addressSpaces() {
        return new IpamMessages.AddressSpaces(LOCAL_SPACE, GLOBAL_SPACE);
    }

    IpamMessages.Pool requestPool(final IpamMessages.RequestPool request) {
        final IpPrefix subnet = isEmpty(request.pool()) ? null : IpPrefix.parse(request.pool());
        final IpPrefix range = isEmpty(request.subPool()) ? null : IpPrefix.parse(request.subPool());
        if (subnet != null && subnet.isIpv4() == request.ipv6()) {
            throw ControlException.invalid("subnet " + subnet + " is not of IPv" + (request.ipv6() ? 6 : 4));
        }
        final String asked = request.addressSpace();
        final String space = asked == null || asked.isEmpty() ? LOCAL_SPACE : asked;
        final PoolSpec pool = change(() -> {
            final PoolSpec taken = pools.request(space, subnet, range, request.ipv6());
            watch.touch(taken.id());
            return taken;
        });
        return new IpamMessages.Pool(pool.id(), pool.subnet().toString(), Map.of());
    }

    NetworkMessages.Empty releasePool(final IpamMessages.Target request) {
        return change(() -> {
            pools.release(poolOf(request));
            return new NetworkMessages.Empty();
        });
    }

    IpamMessages.Address requestAddress(final IpamMessages.Target request) {
        final InetAddress wanted = isEmpty(request.address()) ? null : IpPrefix.parseAddress(request.address());
        final boolean gateway = request.options() != null && GATEWAY.equals(request.options().get(ADDRESS_TYPE));
        return change(() -> {
            final String pool = poolOf(request);
            final InetAddress leased = pools.lease(pool, wanted, gateway);
            watch.touch(pool);
            return new IpamMessages.Address(pools.pool(pool).subnet().withAddress(leased), Map.of());
        });
    }

    NetworkMessages.Empty releaseAddress(final IpamMessages.Target request) {
        final InetAddress address = IpPrefix.parseAddress(request.address());
        return change(() -> {
            pools.release(poolOf(request), address);
            return new NetworkMessages.Empty();
        });
    }

    private <T> T change(final Supplier<T> task) {
        final T result = control.call(() -> {
            final T changed = task.get();
            store.stage();
            return changed;
        });
        store.commit();
        return result;
    }

    private static String poolOf(final IpamMessages.Target request) {
        final String pool = request.poolId();
        if (pool == null || pool.isEmpty()) {
            throw ControlException.invalid("the request names no PoolID");
        }
        return pool;
    }

    private static boolean isEmpty(final @Nullable String text) {
        return text == null || text.isEmpty();
    }
}
