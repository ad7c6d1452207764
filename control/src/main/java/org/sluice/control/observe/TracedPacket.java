package org.sluice.control.observe;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A packet and what became of it.
 *
 * @param number  in the order of arrival, of its worker.
 * @param port    that it came by.
 * @param bytes   of the frame.
 * @param summary what it is, as tcpdump has it.
 */
public record TracedPacket(long number, Instant time, String port, int bytes, String summary, List<Step> steps) {
    /**
     * The decision of a stage.
     *
     * @param dropped the reason's name, or null.
     */
    public record Step(String stage, String decision, @Nullable String dropped) {
    }
}
