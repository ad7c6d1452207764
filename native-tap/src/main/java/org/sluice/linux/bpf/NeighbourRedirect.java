package org.sluice.linux.bpf;

import org.agrona.CloseHelper;

import org.sluice.linux.netlink.TrafficControl;

/**
 * Sends all frames that come in through an interface out through another one. The frame has its number in bytes 2 to 5,
 * in native order. The kernel finds route and neighbour for the packet ({@code bpf_redirect_neigh}, Linux 5.10) and
 * leaves a super-frame whole. The redirect ends with the interface. Used by the control thread.
 */
public final class NeighbourRedirect implements AutoCloseable {
    private static final int LINK_INDEX_OFFSET = 2;
    private static final int STACK_OFFSET = -8;
    private static final int CALL_REDIRECT_NEIGH = 152;
    private static final int TC_ACT_SHOT = 2;
    private static final String NAME = "sluice-tunnel";

    private final BpfProgram program;

    private NeighbourRedirect(final BpfProgram program) {
        this.program = program;
    }

    /**
     * Attaches the program at the interface's ingress.
     *
     * @throws org.sluice.linux.sys.NativeException when the kernel refuses.
     */
    public static NeighbourRedirect attach(final int linkIndex) {
        final BpfProgram program = BpfProgram.load(BpfProgram.SCHED_CLS, 0, code());
        try (TrafficControl control = new TrafficControl()) {
            control.addClsact(linkIndex);
            control.putIngressFilter(linkIndex, 0, program.fd(), NAME);
            return new NeighbourRedirect(program);
        } catch (final RuntimeException ex) {
            CloseHelper.quietClose(program);
            throw ex;
        }
    }

    private static BpfAssembler code() {
        return new BpfAssembler()
            .move(BpfAssembler.R6, BpfAssembler.R1)
            .loadPacket(LINK_INDEX_OFFSET, STACK_OFFSET, Integer.BYTES)
            .jumpIfNotEqual(BpfAssembler.R0, 0, "drop")
            .load(BpfAssembler.WORD, BpfAssembler.R1, BpfAssembler.STACK, STACK_OFFSET)
            .set(BpfAssembler.R2, 0).set(BpfAssembler.R3, 0).set(BpfAssembler.R4, 0)
            .call(CALL_REDIRECT_NEIGH).exit()
            .label("drop").set(BpfAssembler.R0, TC_ACT_SHOT).exit();
    }

    /** The kernel holds the program as long as the interface exists. */
    @Override
    public void close() {
        program.close();
    }
}
