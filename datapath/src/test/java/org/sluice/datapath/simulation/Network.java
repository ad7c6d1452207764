package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;

/** A bridge domain as control wants it. */
final class Network {
    private final int id;
    private final long gatewayMac;
    private final Address gateway4;
    private final Address gateway6;
    private final List<Station> stations = new ArrayList<>();
    private DomainPolicy policy;

    /**
     * @param gateway4 or null, as in the network of an uplink.
     * @param gateway6 or null.
     */
    Network(final int id, final long gatewayMac, final Address gateway4, final Address gateway6,
            final DomainPolicy policy) {
        this.id = id;
        this.gatewayMac = gatewayMac;
        this.gateway4 = gateway4;
        this.gateway6 = gateway6;
        this.policy = policy;
    }

    int id() {
        return id;
    }

    long gatewayMac() {
        return gatewayMac;
    }

    /** Of the family, or null. */
    Address gateway(final boolean v4) {
        return v4 ? gateway4 : gateway6;
    }

    boolean isGateway(final Address address) {
        return address.equals(gateway4) || address.equals(gateway6);
    }

    PortIdentity identity() {
        return new PortIdentity(gatewayMac, gateway4 == null ? 0 : (int) gateway4.low(),
            gateway6 == null ? 0 : gateway6.high(), gateway6 == null ? 0 : gateway6.low());
    }

    DomainPolicy policy() {
        return policy;
    }

    void policy(final DomainPolicy changed) {
        policy = changed;
    }

    /** In the order of their joining. */
    List<Station> stations() {
        return stations;
    }

    /** The host's end, or null. */
    Station host() {
        return stations.stream().filter(Station::isHost).findFirst().orElse(null);
    }

    @Override
    public String toString() {
        return "network-" + id + (policy.internal() ? " internal" : "") + (policy.icc() ? "" : " icc-off")
            + (policy.masquerade() ? "" : " plain");
    }
}
