package org.sluice.datapath.bridge;

/** What is behind a port. The order is that of the numbers in a command. */
public enum PortKind {
    /** A container: a port of a bridge domain. */
    ENDPOINT,
    /** The host's own end of a bridge domain, which holds the gateway's addresses. */
    HOST,
    /** The outside world. It is alone in its domain: all that comes in by it is routed. */
    UPLINK,
    /** Another host of an overlay network: the VTEP there. */
    VTEP,
    /** A device that the tunnels of all overlay networks end in. Such are alone in their domain. */
    UNDERLAY
}
