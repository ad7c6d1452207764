package org.sluice.datapath.bridge;

/**
 * What a network's endpoints may do.
 *
 * @param internal   no way out to other hosts.
 * @param icc        endpoints may talk to each other; otherwise only through published ports.
 * @param masquerade what leaves by an uplink gets the host's address.
 */
public record DomainPolicy(boolean internal, boolean icc, boolean masquerade) {
    /** As docker's default bridge. */
    public static final DomainPolicy OPEN = new DomainPolicy(false, true, true);
}
