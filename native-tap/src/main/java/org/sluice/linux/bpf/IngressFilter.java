package org.sluice.linux.bpf;

import org.sluice.linux.netlink.TrafficControl;

/**
 * The steering's program at an interface's ingress, as a filter of traffic control. Such a filter outlives its process,
 * for as long as the lease lasts that the process has renewed: so that connections live on when a daemon ends and
 * another one begins, for the host's kernel, which knows nothing of them, would reset each that a packet comes of. The
 * next daemon puts its own in its place in one step. Used by the control thread.
 */
public final class IngressFilter implements AutoCloseable {
    private static final String NAME = "sluice";

    private final int linkIndex;
    private final int owner;
    /** Of the namespace where the interface is, whoever closes this. */
    private final TrafficControl control = new TrafficControl();
    private final boolean madeQueue;

    IngressFilter(final int linkIndex, final int owner, final BpfProgram program) {
        this.linkIndex = linkIndex;
        this.owner = owner;
        try {
            madeQueue = control.addClsact(linkIndex);
            control.putIngressFilter(linkIndex, owner, program.fd(), NAME);
        } catch (final RuntimeException ex) {
            control.close();
            throw ex;
        }
    }

    /** Lets go of it and leaves it where it is, for the rest of the lease. */
    public void leave() {
        control.close();
    }

    /** Takes it away: the host has all frames back at once. */
    @Override
    public void close() {
        try (control) {
            control.removeIngressFilter(linkIndex, owner);
            if (madeQueue) {
                control.removeClsactIfUnused(linkIndex);
            }
        }
    }
}
