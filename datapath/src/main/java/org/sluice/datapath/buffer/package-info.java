/**
 * Bursts of frames, and the off-heap memory under all tables.
 * <p>
 * A {@link FrameBatch} carries a burst through the stages, with a note for each frame. An {@link EgressQueue} collects
 * the frames that leave through one port. {@link HeldFrames} copies frames that must wait. {@link DropReason} names
 * every cause of a drop.
 * <p>
 * The worker owns batches, queues and held frames; the thread that makes an {@link OffHeapRegion} closes it. Start with
 * {@link FrameBatch}.
 */
package org.sluice.datapath.buffer;
