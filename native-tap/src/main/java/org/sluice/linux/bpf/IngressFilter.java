package org.sluice.linux.bpf;

import org.agrona.UnsafeApi;

import org.sluice.linux.netlink.TrafficControl;

/**
 * The steering's program at an interface's ingress, as a filter of traffic control. Such a filter outlives its process
 * until the lease ends that the process renews. So connections survive while one daemon ends and another starts:
 * without the filter, the host's kernel, which does not know them, would reset each one at its next packet. The next
 * daemon replaces the filter in one step. Other programs may take it away: {@link #restore()} looks for it and puts it
 * back. Used by the control thread.
 */
public final class IngressFilter implements AutoCloseable {
    private static final String NAME = "sluice";

    private final int linkIndex;
    private final int owner;
    private final BpfProgram program;
    private final BpfMap due;
    private final long dueAddress;
    /** In the interface's namespace, whichever thread closes this. */
    private final TrafficControl control = new TrafficControl();
    private boolean madeQueue;
    /** The kernel's number of the program, by which it is known for ours. */
    private int programId;

    /**
     * Attaches a program. The filter owns it and its map, and closes both also when it cannot attach.
     *
     * @param due has one element, the number of frames that the packet socket must have accepted.
     */
    IngressFilter(final int linkIndex, final int owner, final BpfProgram program, final BpfMap due) {
        this.linkIndex = linkIndex;
        this.owner = owner;
        this.program = program;
        this.due = due;
        try {
            dueAddress = due.map(1);
            attach();
        } catch (final RuntimeException ex) {
            release();
            throw ex;
        }
    }

    private void attach() {
        final boolean made = control.addClsact(linkIndex);
        madeQueue |= made;
        try {
            programId = control.putIngressFilter(linkIndex, owner, program.fd(), NAME);
        } catch (final RuntimeException ex) {
            if (made) {
                control.removeClsactIfUnused(linkIndex);
            }
            throw ex;
        }
    }

    /** How many frames came that the packet socket must have accepted. */
    public long due() {
        return UnsafeApi.getLongVolatile(null, dueAddress);
    }

    /**
     * Puts the filter back if it is gone.
     *
     * @return whether it was gone.
     * @throws org.sluice.linux.sys.NativeException when the kernel refuses.
     * @throws IllegalStateException                when another program's filter has taken its place.
     */
    public boolean restore() {
        if (control.ingressProgram(linkIndex, owner) == programId) {
            return false;
        }
        attach();
        return true;
    }

    /** Releases the filter but leaves it in place for the rest of the lease. */
    public void leave() {
        release();
    }

    /** Removes the filter: the host gets all frames again at once. What is not ours stays. */
    @Override
    public void close() {
        try {
            if (control.ingressProgram(linkIndex, owner) == programId) {
                control.removeIngressFilter(linkIndex, owner);
            }
            if (madeQueue) {
                control.removeClsactIfUnused(linkIndex);
            }
        } finally {
            release();
        }
    }

    private void release() {
        control.close();
        program.close();
        due.close();
    }
}
