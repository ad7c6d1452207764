package org.sluice.datapath.trace;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Where control lays down the rings that a worker is to fill, before it tells the worker by a command, which can carry
 * only numbers. Written by control, read by the worker; the command ring orders the two.
 */
public final class ProbeChannel {
    private final AtomicReferenceArray<ProbeRing> rings = new AtomicReferenceArray<>(ProbeKind.values().length);

    /** Control: lays a ring down, or null. */
    public void ring(final ProbeKind kind, final ProbeRing ring) {
        rings.set(kind.ordinal(), ring);
    }

    /** Worker: the ring that lies there, or null. */
    public ProbeRing ring(final ProbeKind kind) {
        return rings.get(kind.ordinal());
    }
}
