package org.sluice.linux.bpf;

import org.sluice.linux.netlink.TrafficControl;

/**
 * The steering's program at an interface's ingress, as a filter of traffic control. Such a filter outlives its process
 * until the lease ends that the process renews. So connections survive while one daemon ends and another starts:
 * without the filter, the host's kernel, which does not know them, would reset each one at its next packet. The next
 * daemon replaces the filter in one step. Used by the control thread.
 */
public final class IngressFilter implements AutoCloseable {
    private static final String NAME = "sluice";

    private final int linkIndex;
    private final int owner;
    /** In the interface's namespace, whichever thread closes this. */
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

    /** Releases the filter but leaves it in place for the rest of the lease. */
    public void leave() {
        control.close();
    }

    /** Removes the filter: the host gets all frames again at once. */
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
