package org.sluice.control.ipam;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Set;

import org.sluice.control.base.ControlException;
import org.sluice.control.model.IpPrefix;

/**
 * The addresses of one subnet. Hands out the next one that is free, round and round, so that an address that was given
 * back rests before it is used again; never gives one twice. Owned by the control thread.
 */
public final class AddressPool {
    private final IpPrefix subnet;
    private final IpPrefix range;
    private final Set<InetAddress> taken = new HashSet<>();
    private BigInteger next = BigInteger.ZERO;

    /**
     * @param range where addresses are handed out: the subnet or a part of it.
     */
    public AddressPool(final IpPrefix subnet, final IpPrefix range) {
        this.subnet = subnet;
        this.range = range;
    }

    public IpPrefix subnet() {
        return subnet;
    }

    /**
     * Takes any free address of the range.
     *
     * @throws ControlException when there is none.
     */
    public InetAddress take() {
        final BigInteger size = range.size();
        // Among this many candidates in a row one is free: no more than the others are taken or reserved.
        final BigInteger tries = size.min(BigInteger.valueOf(taken.size() + 3L));
        for (BigInteger i = BigInteger.ZERO; i.compareTo(tries) < 0; i = i.add(BigInteger.ONE)) {
            final InetAddress candidate = range.at(next);
            next = next.add(BigInteger.ONE).mod(size);
            if (!subnet.isReserved(candidate) && taken.add(candidate)) {
                return candidate;
            }
        }
        throw ControlException.conflict("no address is free in " + range
            + "; detach an endpoint or use a larger subnet");
    }

    /**
     * Takes one address.
     *
     * @throws ControlException when it is not of this subnet, not for hosts, or in use.
     */
    public void take(final InetAddress address) {
        final String text = IpPrefix.format(address);
        if (!subnet.contains(address)) {
            throw ControlException.invalid("address " + text + " is not in the subnet " + subnet);
        }
        if (subnet.isReserved(address)) {
            throw ControlException.invalid("address " + text + " is the network or broadcast address of " + subnet);
        }
        if (!taken.add(address)) {
            throw ControlException.conflict("address " + text + " is in use; see: sluice endpoint ls");
        }
    }

    /** Gives an address back. */
    public void release(final InetAddress address) {
        taken.remove(address);
    }
}
