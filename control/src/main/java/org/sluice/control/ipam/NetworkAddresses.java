package org.sluice.control.ipam;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.sluice.control.base.ControlException;
import org.sluice.control.base.Undo;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;

/**
 * Chooses the addresses of one network's endpoints: one of each subnet, from the subnet's pool. Owned by the control
 * thread.
 */
public final class NetworkAddresses {
    private final NetworkSpec network;
    private final List<AddressPool> pools;

    public NetworkAddresses(final NetworkSpec network) {
        this.network = network;
        pools = network.subnets().stream().map(NetworkAddresses::poolOf).toList();
    }

    private static AddressPool poolOf(final SubnetSpec subnet) {
        final AddressPool pool = new AddressPool(subnet.subnet(), subnet.ipRange());
        pool.take(subnet.gateway());
        return pool;
    }

    /**
     * Takes one address of each subnet: those asked for, and any of the other subnets.
     *
     * @param asked     at most one of each subnet, in text.
     * @param elsewhere addresses of endpoints on other hosts.
     * @throws ControlException when one is not to be had; then none is taken.
     */
    public List<InetAddress> take(final List<String> asked, final Set<InetAddress> elsewhere) {
        final List<InetAddress> taken = new ArrayList<>();
        try (Undo undo = new Undo()) {
            undo.add(() -> release(taken));
            for (final InetAddress address : asked.stream().map(IpPrefix::parseAddress).toList()) {
                takeAsked(address, taken, elsewhere);
            }
            for (final AddressPool pool : pools) {
                if (taken.stream().noneMatch(pool.subnet()::contains)) {
                    taken.add(takeAny(pool, elsewhere));
                }
            }
            undo.commit();
            return List.copyOf(taken);
        }
    }

    private void takeAsked(final InetAddress address, final List<InetAddress> taken,
                           final Set<InetAddress> elsewhere) {
        final AddressPool pool = poolOf(address);
        if (network.subnets().stream().anyMatch(subnet -> subnet.gateway().equals(address))) {
            throw ControlException.conflict("address " + IpPrefix.format(address) + " is the network's gateway");
        }
        if (elsewhere.contains(address)) {
            throw ControlException.conflict("address " + IpPrefix.format(address)
                + " belongs to an endpoint on another host; see: sluice vtep ls --json");
        }
        if (taken.stream().anyMatch(pool.subnet()::contains)) {
            throw ControlException.invalid("an endpoint has only one address of " + pool.subnet());
        }
        pool.take(address);
        taken.add(address);
    }

    private static InetAddress takeAny(final AddressPool pool, final Set<InetAddress> elsewhere) {
        final List<InetAddress> passedOver = new ArrayList<>();
        try {
            InetAddress address = pool.take();
            while (elsewhere.contains(address)) {
                passedOver.add(address);
                address = pool.take();
            }
            return address;
        } finally {
            passedOver.forEach(pool::release);
        }
    }

    /**
     * Takes the addresses that an endpoint had in an earlier life of the daemon.
     *
     * @throws ControlException when one is in use, or is of no subnet.
     */
    public void retake(final List<InetAddress> addresses) {
        addresses.forEach(address -> poolOf(address).take(address));
    }

    /** Gives addresses back. */
    public void release(final List<InetAddress> addresses) {
        for (final InetAddress address : addresses) {
            pools.stream().filter(pool -> pool.subnet().contains(address)).forEach(pool -> pool.release(address));
        }
    }

    private AddressPool poolOf(final InetAddress address) {
        return pools.stream().filter(pool -> pool.subnet().contains(address)).findFirst().orElseThrow(() ->
            ControlException.invalid("address " + IpPrefix.format(address) + " is in no subnet of the network \""
                + network.name() + "\": " + pools.stream().map(pool -> pool.subnet().toString()).toList()));
    }
}
