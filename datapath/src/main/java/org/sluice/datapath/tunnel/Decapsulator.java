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
 * Unpacks the frames of a burst of VXLAN datagrams and passes them on in new bursts, one for each VTEP of a network in
 * turn. It restores super-frames: it merges segments of a flow, and leaves a super-frame whole that never was cut.
 * Datagrams are hostile input. It drops and counts a datagram that is not VXLAN, that is for an unknown network, or
 * that comes from a host that is no VTEP of the network.
 * <p>
 * Frames stay in the datagrams' memory if their virtio-net headers have room there. Owned by the worker.
 */
public final class Decapsulator implements AutoCloseable {
    private static final int SPARE_BYTES = 4 << 20;
    private static final int MIN_DATAGRAM_BYTES = VxlanFlyweight.LENGTH + EthernetFlyweight.LENGTH;
    /** In front of a moved frame: its virtio-net header, padded so that the next frame stays aligned. */
    private static final int SPARE_FRONT_BYTES = 16;

    private final VtepTable vteps;
    private final CounterGroup<DropReason> drops;
    private final Carrier carrier;
    private final Coalescer coalescer = new Coalescer();
    private final VxlanFlyweight vxlan = new VxlanFlyweight();
    private final FrameBatch frames = FrameBatch.withoutSlots();
    /** For frames that follow another so closely that their virtio-net header has no room. */
    private final OffHeapRegion spare = OffHeapRegion.anonymous(SPARE_BYTES);
    private long spareNext;

    // The port of the present burst.
    private Port underlay;
    private int work;
    /** The VTEP's port whose frames are being gathered, or null. */
    private Port ingress;
    private int ingressVni;
    private long peerHigh;
    private long peerLow;
    private int trafficClass;

    /** Handles a burst of unpacked frames. */
    @FunctionalInterface
    public interface Carrier {
        /** Carries the burst to its end; returns the work. */
        int process(FrameBatch batch, Port ingress);
    }

    public Decapsulator(final VtepTable vteps, final CounterGroup<DropReason> drops, final Carrier carrier) {
        this.vteps = vteps;
        this.drops = drops;
        this.carrier = carrier;
    }

    /**
     * Carries a burst of datagrams, each with its {@link Datagram} in front, to its end.
     *
     * @param port the ingress port.
     * @return the work, in units of a port's budget.
     */
    public int process(final FrameBatch datagrams, final Port port) {
        underlay = port;
        work = 0;
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
        return work;
    }

    /** Discards the frames that an exception left unfinished. */
    public void abandon() {
        coalescer.finish(frames);
        begin();
    }

    /**
     * @param limit end of the writable memory.
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
            // An unmarked super-frame, whose payload must not be taken for datagrams, or a forged header.
            drop(DropReason.VXLAN_MALFORMED);
        } else {
            takeSegments(datagram, length, segmentBytes, limit);
        }
    }

    /** Takes several datagrams that the kernel has merged. */
    private void takeSegments(final long datagram, final int length, final int segmentBytes, final long limit) {
        for (int at = 0; at < length; at += segmentBytes) {
            final int bytes = Math.min(segmentBytes, length - at);
            final long segment = datagram + at;
            if (!isForUs(segment, bytes)) {
                continue; // others of the same moment may still be valid
            }
            if (at == 0) {
                keepOrMerge(segment, bytes, limit);
            } else if (!coalescer.merge(segment + VxlanFlyweight.LENGTH, bytes - VxlanFlyweight.LENGTH)) {
                move(segment + VxlanFlyweight.LENGTH, bytes - VxlanFlyweight.LENGTH, length - at);
            }
        }
    }

    /** Checks a datagram, and finds the ingress port of its frame. */
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
     * Copies a frame to spare memory.
     *
     * @param growth how long it may become.
     */
    private void move(final long frame, final int length, final int growth) {
        final int room = SPARE_FRONT_BYTES + (growth + Long.BYTES - 1 & -Long.BYTES);
        if (spareNext + room > spare.address() + SPARE_BYTES) {
            flushBurst();
            coalescer.merge(frame, length); // finds no frame to merge with, and is kept
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
            work += carrier.process(frames, ingress);
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
