package org.sluice.datapath.bridge;

/**
 * The rights of a network's endpoints, and the network's reach.
 *
 * @param internal     the network has no route to other hosts.
 * @param icc          endpoints may talk to each other; otherwise only through published ports.
 * @param masquerade   packets that leave through an uplink get the host's address.
 * @param vni          the VNI of an overlay network, from 1; 0 for a network on this host alone.
 * @param vtepLearning whether the switch learns from incoming frames which VTEP a MAC is behind; otherwise control
 *                     tells it.
 */
public record DomainPolicy(boolean internal, boolean icc, boolean masquerade, int vni, boolean vtepLearning) {
    /** The policy of docker's default bridge. */
    public static final DomainPolicy OPEN = new DomainPolicy(false, true, true);

    /** Makes the policy of a network on this host alone. */
    public DomainPolicy(final boolean internal, final boolean icc, final boolean masquerade) {
        this(internal, icc, masquerade, 0, false);
    }

    /** Whether the network spans several hosts. */
    public boolean isOverlay() {
        return vni != 0;
    }
}
