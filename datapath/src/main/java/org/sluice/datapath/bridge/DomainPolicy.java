package org.sluice.datapath.bridge;

/**
 * What a network's endpoints may do, and how far it reaches.
 *
 * @param internal     no way out to other hosts.
 * @param icc          endpoints may talk to each other; otherwise only through published ports.
 * @param masquerade   what leaves by an uplink gets the host's address.
 * @param vni          of an overlay network, from 1; 0 for a network of this host alone.
 * @param vtepLearning which VTEP a MAC is behind is learned from what comes; otherwise it is told.
 */
public record DomainPolicy(boolean internal, boolean icc, boolean masquerade, int vni, boolean vtepLearning) {
    /** As docker's default bridge. */
    public static final DomainPolicy OPEN = new DomainPolicy(false, true, true);

    /** Of a network of this host alone. */
    public DomainPolicy(final boolean internal, final boolean icc, final boolean masquerade) {
        this(internal, icc, masquerade, 0, false);
    }

    /** Whether it spans several hosts. */
    public boolean isOverlay() {
        return vni != 0;
    }
}
