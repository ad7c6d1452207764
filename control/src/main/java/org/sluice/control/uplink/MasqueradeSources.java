package org.sluice.control.uplink;

import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

import org.sluice.control.host.HostWatch;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.linux.netlink.InterfaceAddress;

/**
 * The addresses that packets by an uplink may be masqueraded with, as the kernel's MASQUERADE would choose them (Linux
 * net/netfilter/nf_nat_masquerade.c): for IPv4 {@code inet_select_addr}, for IPv6 {@code ipv6_dev_get_saddr}, that is,
 * RFC 6724. A route's preferred source is for the host's own connections; masquerading does not look at it. What
 * depends on the destination is the worker's to decide. Stateless but for what it reads of the host.
 */
final class MasqueradeSources {
    private static final Path IPV6_SETTINGS = Path.of("/proc/sys/net/ipv6/conf");
    private static final int PREFER_TEMPORARY = 2;
    private static final int MOST_DIGITS = 16;

    private final HostWatch host;
    private final Predicate<String> isOurs;

    /**
     * @param isOurs whether an interface is the host's end of one of our networks: what it has is not the world's.
     */
    MasqueradeSources(final HostWatch host, final Predicate<String> isOurs) {
        this.host = host;
        this.isOurs = isOurs;
    }

    /** The candidates in order; none if the host has no address that can be reached. */
    List<SourceAddress> of(final int linkIndex, final boolean ipv4) {
        return ipv4 ? ipv4(linkIndex) : ipv6(linkIndex);
    }

    private List<SourceAddress> ipv4(final int linkIndex) {
        final List<InterfaceAddress> primary = addresses(true).stream()
            .filter(address -> !address.isSecondary() && address.isGlobal()).toList();
        final List<InterfaceAddress> onLink =
            primary.stream().filter(address -> address.linkIndex() == linkIndex).toList();
        return distinct(!onLink.isEmpty() ? onLink : primary.stream().limit(1).toList());
    }

    private List<SourceAddress> ipv6(final int linkIndex) {
        final List<InterfaceAddress> assigned = addresses(false).stream()
            .filter(address -> address.isAssigned() && !address.address().isLinkLocalAddress()
                && !address.address().isSiteLocalAddress()).toList();
        final int best = assigned.stream().mapToInt(address -> rank(address, linkIndex)).max().orElse(0);
        return distinct(assigned.stream().filter(address -> rank(address, linkIndex) == best).toList());
    }

    /** The rules that come before all that depends on the destination, which is a global one. */
    private static int rank(final InterfaceAddress address, final int linkIndex) {
        return (address.isToBeAvoided() ? 0 : 4) | (address.isHome() ? 2 : 0)
            | (address.linkIndex() == linkIndex ? 1 : 0);
    }

    /** Of all interfaces but ours, in the kernel's order: by interface, the loopback first. */
    private List<InterfaceAddress> addresses(final boolean ipv4) {
        return host.addresses().stream()
            .filter(address -> address.address() instanceof Inet4Address == ipv4)
            .filter(address -> !address.address().isLoopbackAddress())
            .filter(address -> !isOurs.test(host.linkName(address.linkIndex())))
            .sorted(Comparator.comparingInt(InterfaceAddress::linkIndex)).toList();
    }

    /** Without those that an earlier one of the same subnet always comes before. */
    private List<SourceAddress> distinct(final List<InterfaceAddress> addresses) {
        final Map<List<Object>, SourceAddress> first = new LinkedHashMap<>();
        for (final InterfaceAddress address : addresses) {
            final boolean wanted = isWanted(address);
            first.putIfAbsent(List.of(IpPrefix.of(address.peer(), address.prefixLength()),
                IpPrefix.of(address.address(), address.prefixLength()), wanted), sourceOf(address, wanted));
        }
        return new ArrayList<>(first.values());
    }

    private static SourceAddress sourceOf(final InterfaceAddress address, final boolean wanted) {
        final InetAddress own = address.address();
        return new SourceAddress(IpAddress.high(own), IpAddress.low(own),
            Addresses.length(own, address.prefixLength()), IpAddress.high(address.peer()),
            IpAddress.low(address.peer()), wanted);
    }

    /** Temporary addresses are wanted where {@code use_tempaddr} says so, public ones elsewhere. */
    private boolean isWanted(final InterfaceAddress address) {
        return address.address() instanceof Inet4Address || address.isSecondary()
            == setting(host.linkName(address.linkIndex()), "use_tempaddr", 0) >= PREFER_TEMPORARY;
    }

    /** A setting of IPv6 on an interface. */
    static int setting(final String linkName, final String setting, final int otherwise) {
        // Such a file gives its content to the first read alone: that must not ask for a single byte.
        try (InputStream in = Files.newInputStream(IPV6_SETTINGS.resolve(linkName).resolve(setting))) {
            return Integer.parseInt(new String(in.readNBytes(MOST_DIGITS), StandardCharsets.US_ASCII).strip());
        } catch (final IOException | NumberFormatException ex) {
            return otherwise; // the interface is gone, or has no IPv6
        }
    }
}
