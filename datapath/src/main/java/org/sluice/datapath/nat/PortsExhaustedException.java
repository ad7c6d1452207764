package org.sluice.datapath.nat;

/** A new connection found no source port. Reported once; the counter says how often it happened. */
public final class PortsExhaustedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public PortsExhaustedException(final int portIndex) {
        super("a connection by port " + portIndex + " has found no source port: all that may be given out are in use"
            + " towards its destination; see the drop reason NAT_PORTS_EXHAUSTED, and the daemon's --nat-ports",
            null, false, false);
    }
}
