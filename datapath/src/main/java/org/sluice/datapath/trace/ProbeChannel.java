package org.sluice.datapath.trace;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Passes probe rings from control to a worker. Control stores a ring here before it sends the command to fill it,
 * because a command carries only numbers. Written by control, read by the worker; the command ring orders the two.
 */
public final class ProbeChannel {
    private final AtomicReferenceArray<ProbeRing> rings = new AtomicReferenceArray<>(ProbeKind.values().length);

    /** Control: stores a ring, or null. */
    public void ring(final ProbeKind kind, final ProbeRing ring) {
        rings.set(kind.ordinal(), ring);
    }

    /** Worker: the ring that control stored, or null. */
    public ProbeRing ring(final ProbeKind kind) {
        return rings.get(kind.ordinal());
    }
}
