package org.sluice.control.model;

import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

import io.netty.util.NetUtil;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;

/**
 * An IPv4 or IPv6 network in CIDR notation.
 *
 * @param network the address with all host bits zero.
 * @param length  of the prefix in bits.
 */
public record IpPrefix(InetAddress network, int length) {
    /** Cuts the host bits off. */
    public static IpPrefix of(final InetAddress address, final int length) {
        final byte[] bytes = address.getAddress();
        for (int bit = length; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >>> bit % 8);
        }
        return new IpPrefix(toAddress(bytes), length);
    }

    /** An address alone. */
    public static IpPrefix single(final InetAddress address) {
        return new IpPrefix(address, address.getAddress().length * 8);
    }

    /**
     * Reads an address, or CIDR notation.
     *
     * @throws ControlException when it is neither, or host bits are set.
     */
    public static IpPrefix parseAny(final String text) {
        return text.indexOf('/') >= 0 ? parse(text) : single(parseAddress(text));
    }

    /**
     * Reads CIDR notation such as 10.9.0.0/24.
     *
     * @throws ControlException when it is none, or host bits are set.
     */
    @JsonCreator
    public static IpPrefix parse(final @Nullable String text) {
        final int slash = text == null ? -1 : text.indexOf('/');
        if (text == null || slash < 0) {
            throw ControlException.invalid("\"" + text + "\" is no subnet; write it like 10.9.0.0/24");
        }
        final InetAddress address = parseAddress(text.substring(0, slash));
        final int length = parseLength(text, text.substring(slash + 1), address.getAddress().length * 8);
        final IpPrefix prefix = of(address, length);
        if (!prefix.network.equals(address)) {
            throw ControlException.invalid("subnet " + text + " has host bits set; did you mean " + prefix + "?");
        }
        return prefix;
    }

    /**
     * Reads an address as a literal; no name is ever looked up.
     *
     * @throws ControlException when it is none.
     */
    public static InetAddress parseAddress(final @Nullable String text) {
        final byte @Nullable [] bytes = text == null ? null : NetUtil.createByteArrayFromIpAddressString(text);
        if (text == null || bytes == null || text.indexOf('%') >= 0) {
            throw ControlException.invalid("\"" + text + "\" is no IP address");
        }
        return toAddress(bytes);
    }

    private static int parseLength(final String whole, final String text, final int bits) {
        if (!text.matches("\\d{1,3}") || Integer.parseInt(text) > bits) {
            throw ControlException.invalid("subnet " + whole + " has no valid prefix length: 0 to " + bits);
        }
        return Integer.parseInt(text);
    }

    public boolean isIpv4() {
        return network instanceof Inet4Address;
    }

    public boolean contains(final InetAddress address) {
        return address.getAddress().length == network.getAddress().length && of(address, length).equals(this);
    }

    public boolean contains(final IpPrefix other) {
        return other.length >= length && contains(other.network);
    }

    public boolean overlaps(final IpPrefix other) {
        return contains(other) || other.contains(this);
    }

    /** Of no use to endpoints: loopback, link-local, multicast, or "this network". */
    public boolean isSpecial() {
        return network.isLoopbackAddress() || network.isLinkLocalAddress() || network.isMulticastAddress()
            || isIpv4() && network.getAddress()[0] == 0 || network.isAnyLocalAddress();
    }

    /** How many addresses there are. */
    public BigInteger size() {
        return BigInteger.ONE.shiftLeft(network.getAddress().length * 8 - length);
    }

    /** The address at this distance from the network's own. */
    public InetAddress at(final BigInteger index) {
        final byte[] base = network.getAddress();
        final byte[] sum = new BigInteger(1, base).add(index).toByteArray();
        final byte[] bytes = new byte[base.length];
        final int copied = Math.min(sum.length, bytes.length);
        System.arraycopy(sum, sum.length - copied, bytes, bytes.length - copied, copied);
        return toAddress(bytes);
    }

    /** How many behind the network's address a contained address is. */
    public BigInteger indexOf(final InetAddress address) {
        return new BigInteger(1, address.getAddress()).subtract(new BigInteger(1, network.getAddress()));
    }

    /** The network's own address, or IPv4's broadcast address: not for a host. */
    public boolean isReserved(final InetAddress address) {
        return address.equals(network) || isIpv4() && indexOf(address).equals(size().subtract(BigInteger.ONE));
    }

    /** The address and this prefix's length, as an interface gets it. */
    public String withAddress(final InetAddress address) {
        return format(address) + "/" + length;
    }

    /** An address and a port, or a range of them, with the brackets of an IPv6 one. */
    public static String withPort(final String address, final String port) {
        return (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
    }

    /** Compressed as RFC 5952 says. */
    public static String format(final InetAddress address) {
        return NetUtil.toAddressString(address);
    }

    @Override
    @JsonValue
    public String toString() {
        return format(network) + "/" + length;
    }

    private static InetAddress toAddress(final byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (final UnknownHostException ex) {
            throw new IllegalArgumentException(Arrays.toString(bytes), ex);
        }
    }
}
