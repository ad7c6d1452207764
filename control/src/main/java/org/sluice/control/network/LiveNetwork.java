package org.sluice.control.network;

import org.sluice.control.engine.NetworkHandle;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.ipam.NetworkAddresses;
import org.sluice.control.model.NetworkSpec;

/** A network that is up: its host port, and the addresses that it gives to endpoints. */
public record LiveNetwork(NetworkSpec spec, PortHandle hostPort, NetworkAddresses addresses) {
    public NetworkHandle handle() {
        return hostPort.network();
    }
}
