package org.sluice.datapath.tunnel;

import org.agrona.UnsafeApi;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;

/**
 * Takes the frames out of a burst of VXLAN datagrams and hands them on in bursts of their own, one for each VTEP of a
 * network in turn. What was sent in one piece becomes one piece again: segments of a flow are merged, and a super-frame
 * that never was cut stays whole. Datagrams are hostile input: what is not VXLAN, is for a network that is not here, or
 * comes from a host that is no VTEP of it, is dropped and counted.
 * <p>
 * Frames stay where the datagrams lie, as far as there is room for their virtio-net headers. Owned by the worker.
 */
public final class Decapsulator implements AutoCloseable {
    private static final int SPARE_BYTES = 4 << 20;
    private static final int MIN_DATAGRAM_BYTES = VxlanFlyweight.LENGTH + EthernetFlyweight.LENGTH;
    /** In front of a frame that was moved: its virtio-net header, and the next one stays aligned. */
    private static final int SPARE_FRONT_BYTES = 16;

    private final VtepTable vteps;
    private final CounterGroup<DropReason> drops;
    private final Carrier carrier;
    private final Coalescer coalescer = new Coalescer();
    private final VxlanFlyweight vxlan = new VxlanFlyweight();
    private final FrameBatch frames = FrameBatch.withoutSlots();
    /** For frames that lie so close behind another that their virtio-net header has no room. */
    private final OffHeapRegion spare = OffHeapRegion.anonymous(SPARE_BYTES);
    private long spareNext;

    // Of the burst.
    private Port underlay;
    /** Whose frames are being gathered; null for nobody's. */
    private Port ingress;
    private int ingressVni;
    private long peerHigh;
    private long peerLow;
    private int trafficClass;

    /** Carries a burst of frames on. */
    @FunctionalInterface
    public interface Carrier {
        /** To the end of its way. */
        void process(FrameBatch batch, Port ingress);
    }

    public Decapsulator(final VtepTable vteps, final CounterGroup<DropReason> drops, final Carrier carrier) {
        this.vteps = vteps;
        this.drops = drops;
        this.carrier = carrier;
    }

    /**
     * Carries a burst of datagrams, each with its {@link Datagram} in front, to its end.
     *
     * @param port that it came in by.
     */
    public void process(final FrameBatch datagrams, final Port port) {
        underlay = port;
        frames.begin(datagrams.nowNs());
        port.counters().add(PortCounter.RX_FRAMES, datagrams.size());
        port.counters().add(PortCounter.RX_BYTES, datagrams.byteCount());
        ingress = null;
        begin();
        for (int i = 0, size = datagrams.size(); i < size; i++) {
            final long datagram = datagrams.address(i);
            trafficClass = Datagram.trafficClass(datagram);
            if (ingress != null && (Datagram.peerHigh(datagram) != peerHigh || Datagram.peerLow(datagram) != peerLow)) {
                flush();
            }
            peerHigh = Datagram.peerHigh(datagram);
            peerLow = Datagram.peerLow(datagram);
            take(datagram, datagrams.length(i), Datagram.segmentBytes(datagram),
                datagram + Datagram.roomBytes(datagram));
        }
        flush();
    }

    /** Forgets what an exception left half done. */
    public void abandon() {
        coalescer.finish(frames);
        begin();
    }

    /**
     * @param limit end of the memory that may be written to.
     */
    private void take(final long datagram, final int length, final int segmentBytes, final long limit) {
        final long frame = datagram + VxlanFlyweight.LENGTH;
        if (segmentBytes <= 0 || segmentBytes >= length) {
            if (isForUs(datagram, length) && !(length > ingress.mtu()
                && coalescer.keepUncutTcp(frame, length - VxlanFlyweight.LENGTH, ingress.mtu(), frames))) {
                keepOrMerge(datagram, length, limit);
            }
        } else if (Datagram.isWhole(datagram)) {
            if (isForUs(datagram, length)
                && !coalescer.keepSuperFrame(frame, length - VxlanFlyweight.LENGTH, segmentBytes, frames)) {
                drop(DropReason.VXLAN_MALFORMED);
            }
        } else if (coalescer.claimsMore(frame, segmentBytes - VxlanFlyweight.LENGTH)) {
            // A super-frame that nobody has marked, whose payload must not be taken for datagrams, or else a lie.
            drop(DropReason.VXLAN_MALFORMED);
        } else {
            takeSegments(datagram, length, segmentBytes, limit);
        }
    }

    /** Several datagrams that the kernel has put together. */
    private void takeSegments(final long datagram, final int length, final int segmentBytes, final long limit) {
        for (int at = 0; at < length; at += segmentBytes) {
            final int bytes = Math.min(segmentBytes, length - at);
            final long segment = datagram + at;
            if (!isForUs(segment, bytes)) {
                continue; // the others of the same moment may still be
            }
            if (at == 0) {
                keepOrMerge(segment, bytes, limit);
            } else if (!coalescer.merge(segment + VxlanFlyweight.LENGTH, bytes - VxlanFlyweight.LENGTH)) {
                move(segment + VxlanFlyweight.LENGTH, bytes - VxlanFlyweight.LENGTH, length - at);
            }
        }
    }

    /** Checks a datagram, and finds the port that its frame comes in by. */
    private boolean isForUs(final long datagram, final int length) {
        if (length < MIN_DATAGRAM_BYTES || !vxlan.wrap(datagram, length).isVniValid()) {
            return drop(DropReason.VXLAN_MALFORMED);
        }
        final int vni = vxlan.vni();
        if (ingress == null || vni != ingressVni) {
            final Port port = vteps.find(vni, peerHigh, peerLow);
            if (port == null) {
                return drop(vteps.overlay(vni) == null ? DropReason.VNI_UNKNOWN : DropReason.VTEP_UNKNOWN);
            }
            flush();
            ingress = port;
            ingressVni = vni;
        } else if (frames.size() == FrameBatch.CAPACITY) {
            flushBurst();
        }
        return Ecn.decapsulate(datagram + VxlanFlyweight.LENGTH, length - VxlanFlyweight.LENGTH, trafficClass)
            || drop(DropReason.TUNNEL_CONGESTED);
    }

    private void keepOrMerge(final long datagram, final int length, final long limit) {
        final long frame = datagram + VxlanFlyweight.LENGTH;
        if (!coalescer.merge(frame, length - VxlanFlyweight.LENGTH)) {
            coalescer.keep(frame, limit, frames);
        }
    }

    /**
     * Keeps a frame elsewhere.
     *
     * @param growth how long it may become.
     */
    private void move(final long frame, final int length, final int growth) {
        final int room = SPARE_FRONT_BYTES + (growth + Long.BYTES - 1 & -Long.BYTES);
        if (spareNext + room > spare.address() + SPARE_BYTES) {
            flushBurst();
            coalescer.merge(frame, length); // it finds nothing to be merged into, and is kept
        }
        final long target = spareNext + SPARE_FRONT_BYTES;
        UnsafeApi.copyMemory(frame, target, length);
        coalescer.keep(target, spareNext + room, frames);
        spareNext += room;
    }

    private boolean drop(final DropReason reason) {
        drops.increment(reason);
        underlay.counters().increment(PortCounter.RX_DROPS);
        return false;
    }

    private void flush() {
        flushBurst();
        ingress = null;
    }

    private void flushBurst() {
        coalescer.finish(frames);
        if (frames.size() > 0) {
            carrier.process(frames, ingress);
        }
        begin();
    }

    private void begin() {
        frames.clear();
        spareNext = spare.address();
    }

    @Override
    public void close() {
        frames.close();
        spare.close();
    }
}
