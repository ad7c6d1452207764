package org.sluice.linux.netlink;

/**
 * The queue in front of a network interface.
 *
 * @param capacity in frames (IFLA_TXQLEN).
 * @param drops    frames to send that the interface has dropped, as a TAP does when its queue is full.
 */
public record LinkQueue(int capacity, long drops) {
}
