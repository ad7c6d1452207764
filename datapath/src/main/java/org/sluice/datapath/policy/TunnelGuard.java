package org.sluice.datapath.policy;

import org.sluice.datapath.protocol.IpProtocol;

/**
 * Keeps endpoints from sending tunnel packets in the host's name. Other hosts know a VTEP by its source address alone
 * (RFC 7348, 7), and masquerade lends an endpoint the host's address. So, while the host has an overlay network, no
 * endpoint's datagram leaves for the tunnels' UDP port, wherever it goes: also hosts that this one does not know may
 * know it as a VTEP. Owned by the worker.
 */
public final class TunnelGuard {
    private static final int NONE = -1;

    private int udpPort = NONE;

    /**
     * Sets the tunnels' UDP port.
     *
     * @param port 0 while the host has no overlay network.
     */
    public void udpPort(final int port) {
        udpPort = port == 0 ? NONE : port;
    }

    /** Whether a VTEP would take an endpoint's packet to this port for a tunnel packet. */
    public boolean isTunnel(final int protocol, final int destinationPort) {
        return destinationPort == udpPort && protocol == IpProtocol.UDP;
    }
}
