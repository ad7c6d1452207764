package org.sluice.control.model;

import java.net.InetAddress;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * An endpoint as it was asked for and completed; part of the state that outlives the daemon.
 *
 * @param netns      path of the network namespace; null for one of Docker's that no container has joined.
 * @param netnsInode of that namespace: a path may later lead to another one. 0 for one of Docker's, which makes the
 *                   namespace after it has told of it.
 * @param ifname     of the interface in the namespace; for one of Docker's, the name that it is handed over by.
 * @param mac        in text.
 * @param addresses  one for each subnet of the network.
 * @param portIndex  its number in the switch: connections know it by this, also after a restart. Null in a state of
 *                   before there were connections.
 * @param dockerId   by which Docker names it; null for one that is not Docker's.
 */
public record EndpointSpec(String name, String network, @Nullable String netns, long netnsInode, String ifname,
                           String mac, List<InetAddress> addresses, @Nullable Integer portIndex,
                           @Nullable String dockerId) {
    /** The same with another number. */
    public EndpointSpec withPortIndex(final int index) {
        return new EndpointSpec(name, network, netns, netnsInode, ifname, mac, addresses, index, dockerId);
    }

    /** The same in another namespace, or with null in none. */
    public EndpointSpec withNetns(final @Nullable String path) {
        return new EndpointSpec(name, network, path, 0, ifname, mac, addresses, portIndex, dockerId);
    }

    /** Its number in the switch; every endpoint has one once the networking has set the saved ones aside. */
    public int number() {
        return Objects.requireNonNull(portIndex, "portIndex");
    }

    /** Whether Docker made it, and moves its interface. */
    public boolean ofDocker() {
        return dockerId != null;
    }
}
