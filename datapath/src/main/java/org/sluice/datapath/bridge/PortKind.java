package org.sluice.datapath.bridge;

/** The kinds of ports. Commands carry the constants' ordinals. */
public enum PortKind {
    /** A container: a port of a bridge domain. */
    ENDPOINT,
    /** The host's own interface in a bridge domain; it holds the gateway's addresses. */
    HOST,
    /** An interface to the outside world. It is alone in its domain: the switch routes every packet that it brings. */
    UPLINK,
    /** A VTEP: another host of an overlay network. */
    VTEP,
    /** A device where the tunnels of all overlay networks end. It is alone in its domain. */
    UNDERLAY
}
