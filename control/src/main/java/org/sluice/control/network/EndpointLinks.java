package org.sluice.control.network;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.host.LinkPlumber;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.model.SubnetSpec;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.linux.device.TapDevice;
import org.sluice.linux.sys.NamespaceException;
import org.sluice.linux.sys.NetNamespace;

/**
 * The interfaces of endpoints in their namespaces: how they shall be, and how a daemon finds those again that an
 * earlier one has left. Holds nothing; any thread may use it.
 */
public final class EndpointLinks {
    private static final Logger LOG = LoggerFactory.getLogger(EndpointLinks.class);

    private EndpointLinks() {
    }

    /** An endpoint's interface as it shall be. */
    public static LinkPlumber.LinkSpec linkOf(final NetworkSpec network, final EndpointSpec spec) {
        final List<LinkPlumber.AddressSpec> addresses = spec.addresses().stream()
            .map(a -> new LinkPlumber.AddressSpec(a, network.prefixOf(a).length()))
            .toList();
        final List<InetAddress> gateways =
            network.internal() ? List.of() : network.subnets().stream().map(SubnetSpec::gateway).toList();
        return new LinkPlumber.LinkSpec("endpoint " + spec.name(), spec.ifname(), MacAddress.parse(spec.mac()),
            network.mtu(), addresses, gateways);
    }

    /**
     * Opens a namespace.
     *
     * @throws ControlException when it is none, or cannot be entered.
     */
    static NetNamespace open(final Path path) {
        try {
            return NetNamespace.open(path);
        } catch (final NamespaceException ex) {
            throw ControlException.invalid(String.valueOf(ex.getMessage()));
        }
    }

    /**
     * Takes up the interface that an earlier daemon has left.
     *
     * @return none for an endpoint of Docker's that no container has joined.
     * @throws ControlException when it is gone.
     */
    static Optional<TapDevice> takeUp(final LinkPlumber.LinkSpec link, final EndpointSpec spec) {
        final String netns = spec.netns();
        if (netns == null) {
            // If there is one, the daemon that made it died before it could say so.
            LinkPlumber.takeUpHandedOver(link).ifPresent(LinkPlumber::destroy);
            return Optional.empty();
        }
        return Optional.of(spec.ofDocker() ? takeUpDockers(link, netns) : reattach(link, netns, spec.netnsInode()));
    }

    private static TapDevice reattach(final LinkPlumber.LinkSpec link, final String netns, final long inode) {
        try (NetNamespace namespace = open(Path.of(netns))) {
            if (namespace.inode() != inode) {
                throw ControlException.notFound(netns + " is another namespace now");
            }
            return LinkPlumber.reattach(namespace, link);
        }
    }

    /** Docker may not have moved the interface yet, or have moved it back already. */
    private static TapDevice takeUpDockers(final LinkPlumber.LinkSpec link, final String netns) {
        final Optional<TapDevice> waiting = LinkPlumber.takeUpHandedOver(link);
        if (waiting.isPresent()) {
            return waiting.get();
        }
        try (NetNamespace namespace = open(Path.of(netns))) {
            return LinkPlumber.takeUpMoved(namespace, link);
        }
    }

    /** Removes the interface of an endpoint that could not be restored: it may still be there. */
    static void remove(final EndpointSpec spec) {
        if (spec.netns() == null) {
            return; // nobody has joined it
        }
        try (NetNamespace namespace = NetNamespace.open(Path.of(spec.netns()))) {
            if (namespace.inode() == spec.netnsInode()) {
                LinkPlumber.remove(namespace, spec.ifname());
            }
        } catch (final NamespaceException ex) {
            LOG.debug("{} went with its namespace", spec.ifname());
        }
    }
}
