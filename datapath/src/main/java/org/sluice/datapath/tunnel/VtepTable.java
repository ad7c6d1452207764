package org.sluice.datapath.tunnel;

import org.agrona.collections.Int2ObjectHashMap;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.AddressTable;

/**
 * The overlay networks of a worker by VNI, and the remote VTEPs of each by their address in the underlay. A VTEP is a
 * port of its network: the FDB tells which MAC is behind which VTEP, and the network's ports are the flood list. So
 * learning, ageing, limits and counters are those of every other port. Owned by the worker.
 */
public final class VtepTable {
    private final Int2ObjectHashMap<Overlay> overlays = new Int2ObjectHashMap<>();

    /** One overlay network. */
    public static final class Overlay {
        private final BridgeDomain domain;
        private final AddressTable<Port> vteps = new AddressTable<>();
        private final AddressTable<PortIdentity> remotes = new AddressTable<>();

        private Overlay(final BridgeDomain domain) {
            this.domain = domain;
        }

        public BridgeDomain domain() {
            return domain;
        }

        /** The endpoint on another host with this address, as far as control has named it, or null. */
        public PortIdentity remote(final long high, final long low) {
            return remotes.get(high, low);
        }

        /** Adds an endpoint on another host; it replaces earlier owners of its addresses. */
        public void putRemote(final PortIdentity identity) {
            if (identity.hasIpv4()) {
                remotes.put(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(identity.ipv4()), identity);
            }
            if (identity.hasIpv6()) {
                remotes.put(identity.ipv6High(), identity.ipv6Low(), identity);
            }
        }

        /** Removes an endpoint, except for addresses that another endpoint has now. */
        public void removeRemote(final PortIdentity identity) {
            removeRemote(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(identity.ipv4()), identity.mac());
            removeRemote(identity.ipv6High(), identity.ipv6Low(), identity.mac());
        }

        private void removeRemote(final long high, final long low, final long mac) {
            final PortIdentity known = remotes.get(high, low);
            if (known != null && known.mac() == mac) {
                remotes.remove(high, low);
            }
        }
    }

    /** The overlay network of that VNI, or null. */
    public Overlay overlay(final int vni) {
        return overlays.get(vni);
    }

    /** The port of the network's VTEP with that address, or null. */
    public Port find(final int vni, final long high, final long low) {
        final Overlay overlay = overlays.get(vni);
        return overlay == null ? null : overlay.vteps.get(high, low);
    }

    /** Adds a network that spans several hosts. */
    public void add(final BridgeDomain domain) {
        overlays.put(domain.policy().vni(), new Overlay(domain));
    }

    public void remove(final BridgeDomain domain) {
        overlays.remove(domain.policy().vni());
    }

    /** Adds a VTEP of its network. */
    public void addVtep(final Port port) {
        final Vtep vtep = (Vtep) port.device();
        overlays.get(vtep.vni()).vteps.put(vtep.high(), vtep.low(), port);
    }

    public void removeVtep(final Port port) {
        final Vtep vtep = (Vtep) port.device();
        overlays.get(vtep.vni()).vteps.remove(vtep.high(), vtep.low());
    }
}
