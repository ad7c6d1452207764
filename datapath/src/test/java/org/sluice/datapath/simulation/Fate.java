package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.buffer.DropReason;

/**
 * What must become of one frame: the copies that come out, the losses that are counted where it came in, and those
 * that are counted where copies leave.
 *
 * @param refused copies that an egress device does not take.
 */
record Fate(List<Expectation> copies, List<DropReason> dropped, List<DropReason> lost, int refused) {
    static final Fate HELD = new Fate(List.of(), List.of(), List.of(), 0);

    static Fate dropped(final DropReason reason) {
        return new Fate(List.of(), List.of(reason), List.of(), 0);
    }

    static Fate delivered(final Station to, final byte[] frame) {
        return delivered(List.of(Expectation.of(to, frame)));
    }

    static Fate delivered(final Expectation copy) {
        return delivered(List.of(copy));
    }

    /** What a device does not take is counted at its port. */
    static Fate delivered(final List<Expectation> copies) {
        final List<Expectation> taken = copies.stream().filter(copy -> copy.at().takesFrames()).toList();
        return new Fate(taken, List.of(), List.of(), copies.size() - taken.size());
    }

    /** Besides, the sender is told why. */
    Fate becauseOf(final DropReason reason) {
        return new Fate(copies, List.of(reason), lost, refused);
    }

    Fate losing(final DropReason reason, final int count) {
        final List<DropReason> all = new ArrayList<>(lost);
        for (int i = 0; i < count; i++) {
            all.add(reason);
        }
        return new Fate(copies, dropped, all, refused);
    }
}
