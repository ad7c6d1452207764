package org.sluice.datapath.simulation;

import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;

/** Whoever is behind a port: an endpoint, the host's end of a network, or the wire behind an uplink. */
final class Station {
    private final PortKind kind;
    private final int port;
    private final Network network;
    private final long mac;
    private final Address ipv4;
    private final Address ipv6;
    private final boolean guarded;
    private final int mtu;
    private MemoryDevice device;
    private boolean gone;
    private boolean refusing;

    /**
     * @param ipv4 or null.
     * @param ipv6 or null.
     */
    Station(final PortKind kind, final int port, final Network network, final long mac, final Address ipv4,
            final Address ipv6, final boolean guarded, final int mtu) {
        this.kind = kind;
        this.port = port;
        this.network = network;
        this.mac = mac;
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.guarded = guarded;
        this.mtu = mtu;
        plugIn();
    }

    /** With a device that is new and works. */
    void plugIn() {
        device = new MemoryDevice("port-" + port);
        gone = false;
        refusing = false;
    }

    boolean isEndpoint() {
        return kind == PortKind.ENDPOINT;
    }

    boolean isHost() {
        return kind == PortKind.HOST;
    }

    boolean isUplink() {
        return kind == PortKind.UPLINK;
    }

    PortKind kind() {
        return kind;
    }

    int port() {
        return port;
    }

    Network network() {
        return network;
    }

    long mac() {
        return mac;
    }

    /** Of the family, or null. */
    Address address(final boolean v4) {
        return v4 ? ipv4 : ipv6;
    }

    boolean has(final Address address) {
        return address.equals(ipv4) || address.equals(ipv6);
    }

    boolean isGuarded() {
        return guarded;
    }

    int mtu() {
        return mtu;
    }

    MemoryDevice device() {
        return device;
    }

    PortIdentity identity() {
        return new PortIdentity(mac, ipv4 == null || isUplink() ? 0 : (int) ipv4.low(),
            ipv6 == null || isUplink() ? 0 : ipv6.high(), ipv6 == null || isUplink() ? 0 : ipv6.low());
    }

    /** The device has gone with its namespace. */
    void vanish() {
        device.setGone();
        device.setRefusing(true);
        gone = true;
    }

    boolean isGone() {
        return gone;
    }

    /** The device takes no frame while this is on. */
    void refuse(final boolean on) {
        refusing = on;
        device.setRefusing(on);
    }

    boolean takesFrames() {
        return !refusing && !gone;
    }

    @Override
    public String toString() {
        return (isEndpoint() ? "endpoint-" : isHost() ? "host-" : "uplink-") + port;
    }
}
