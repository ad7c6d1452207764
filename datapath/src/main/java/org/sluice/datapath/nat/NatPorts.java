package org.sluice.datapath.nat;

/**
 * The source ports and echo identifiers for translated connections; the daemon reserves them from the host.
 *
 * @param first the lowest.
 * @param last  the highest.
 */
public record NatPorts(int first, int last) {
    /** The dynamic ports of RFC 6335; a host's own range lies below them. */
    public static final NatPorts DEFAULT = new NatPorts(49_152, 65_535);

    /** One of {@code count} equal slices. */
    public NatPorts slice(final int number, final int count) {
        final int size = (last - first + 1) / count;
        return new NatPorts(first + number * size, number == count - 1 ? last : first + (number + 1) * size - 1);
    }
}
