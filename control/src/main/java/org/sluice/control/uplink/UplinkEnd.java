package org.sluice.control.uplink;

import java.util.concurrent.TimeUnit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.Undo;
import org.sluice.control.engine.PortHandle;
import org.sluice.control.engine.PortSetup;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.status.PortCounter;
import org.sluice.linux.bpf.IngressFilter;
import org.sluice.linux.bpf.Steering;
import org.sluice.linux.device.UplinkDevice;
import org.sluice.linux.netlink.Link;

/**
 * One worker's end of an uplink: a packet socket, a port in the worker, and a filter at the interface's ingress. It is
 * all there or not at all. Owned by the control thread.
 */
final class UplinkEnd {
    private static final Logger LOG = LoggerFactory.getLogger(UplinkEnd.class);
    /** More than the second in which the worker reports what its socket was offered. */
    private static final long REPORT_NS = TimeUnit.SECONDS.toNanos(3);

    private final SwitchEngine engine;
    private final UplinkDevice device;
    private final PortHandle port;
    private final IngressFilter ingress;
    private boolean filterIsClosed;
    /** Frames that were due at a time. */
    private long due;
    private long dueAtNs;
    private long neverOffered;

    private UplinkEnd(final SwitchEngine engine, final UplinkDevice device, final PortHandle port,
                      final IngressFilter ingress) {
        this.engine = engine;
        this.device = device;
        this.port = port;
        this.ingress = ingress;
    }

    /** Opens an end; after a failure nothing of it stays open. */
    static UplinkEnd open(final SwitchEngine engine, final Link link, final int worker, final Steering steering) {
        final UplinkDevice device = UplinkDevice.open(link.name(), link.index(), steering.filterFd());
        try (Undo undo = new Undo()) {
            undo.add(device::close);
            final PortHandle port = engine.addNetworkWithPort("uplink " + link.name(), DomainPolicy.OPEN, worker,
                new PortSetup(link.name(), device, link.mtu(), PortKind.UPLINK,
                    new PortIdentity(link.mac(), 0, 0, 0)));
            undo.add(() -> engine.removeNetworkWithPort(port));
            final UplinkEnd end =
                new UplinkEnd(engine, device, port, steering.attach(link.index(), worker));
            undo.commit();
            return end;
        }
    }

    PortHandle port() {
        return port;
    }

    /** Has the worker send as the interface is now. */
    void change(final Link link) {
        engine.execute(port.workerIndex(), new Command.SetUplink(port.index(), link.mtu(), link.mac()),
            "change the uplink " + link.name());
    }

    /** Whether frames can come: not once the interface has left the namespace, even if it has come back. */
    boolean isBound() {
        return device.isBound();
    }

    /**
     * Puts the filter back if another program has removed it.
     *
     * @return whether that was so.
     */
    boolean restoreFilter() {
        return ingress.restore();
    }

    /**
     * Frames that the kernel had for the switch, but that have neither reached the worker nor been counted as missed:
     * 0, or something is wrong.
     */
    long unaccounted(final long nowNs) {
        if (nowNs - dueAtNs >= REPORT_NS) {
            neverOffered = Math.max(0, due - port.counters().get(PortCounter.RX_OFFERED));
            due = ingress.due();
            dueAtNs = nowNs;
        }
        return neverOffered + port.counters().get(PortCounter.RX_UNACCOUNTED);
    }

    /**
     * Closes this. May be called again after it failed: as long as the worker has not let go of the device, the device
     * must stay open.
     *
     * @param keepFrames whether the filter stays for the rest of its lease.
     */
    void close(final boolean keepFrames) {
        closeFilter(keepFrames);
        if (engine.isAlive(port.workerIndex())) {
            engine.removeNetworkWithPort(port);
        }
        device.close();
    }

    /** First of all: the host gets its frames back. */
    private void closeFilter(final boolean keepFrames) {
        if (filterIsClosed) {
            return;
        }
        filterIsClosed = true;
        try {
            if (keepFrames) {
                ingress.leave();
            } else {
                ingress.close();
            }
        } catch (final RuntimeException ex) {
            LOG.error("cannot remove the filter of {}; it takes no more frames once its lease ends", port.name(), ex);
        }
    }
}
