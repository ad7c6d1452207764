package org.sluice.control.model;

/**
 * The settings of a network that spans several hosts.
 *
 * @param vni          1 to 16,777,215, the same on all hosts.
 * @param vtepLearning which VTEP a MAC is behind is learned from what comes.
 */
public record OverlaySpec(int vni, boolean vtepLearning) {
}
