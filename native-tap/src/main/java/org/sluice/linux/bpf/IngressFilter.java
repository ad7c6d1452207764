package org.sluice.linux.bpf;

import java.net.InetAddress;

import org.agrona.CloseHelper;

import org.sluice.linux.AddressedDatagramSocket;
import org.sluice.linux.netlink.TrafficControl;

/**
 * The steering's ingress program as a filter of traffic control, for kernels without TCX (before 6.6). Such a filter
 * outlives its process: so the program asks, before it takes a frame from the host, whether a socket of the process is
 * still there, and a later daemon puts its own in its place. Used by the control thread.
 */
final class IngressFilter implements AutoCloseable {
    private static final String NAME = "sluice";

    private final int linkIndex;
    private final int owner;
    /** While it is open the filter takes frames. */
    final AddressedDatagramSocket token;
    private final BpfMap alive;
    private final boolean madeQueue;

    IngressFilter(final int linkIndex, final int owner, final SteeringProgram.Maps maps, final int natFirst,
                  final int natLast) {
        this.linkIndex = linkIndex;
        this.owner = owner;
        token = AddressedDatagramSocket.bind(InetAddress.ofLiteral("127.0.0.1"), 0);
        BpfMap made = null;
        try (TrafficControl control = new TrafficControl()) {
            made = BpfMap.create(BpfMap.SOCKMAP, Integer.BYTES, Integer.BYTES, 1, 0);
            made.put(new byte[Integer.BYTES], token.fd());
            madeQueue = control.addClsact(linkIndex);
            try (BpfProgram program = BpfProgram.load(BpfProgram.SCHED_CLS, 0,
                SteeringProgram.forIngress(maps, natFirst, natLast, made))) {
                control.putIngressFilter(linkIndex, owner, program.fd(), NAME);
            }
        } catch (final RuntimeException ex) {
            CloseHelper.closeAll(made, token);
            throw ex;
        }
        alive = made;
    }

    @Override
    public void close() {
        try (TrafficControl control = new TrafficControl()) {
            control.removeIngressFilter(linkIndex, owner);
            if (madeQueue) {
                control.removeClsactIfUnused(linkIndex);
            }
        } finally {
            CloseHelper.closeAll(alive, token);
        }
    }
}
