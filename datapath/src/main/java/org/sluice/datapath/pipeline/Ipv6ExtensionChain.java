package org.sluice.datapath.pipeline;

import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv6ExtensionFlyweight;

/**
 * Walks the extension headers of an IPv6 packet (RFC 8200, section 4) to the header behind them. The walk is bounded:
 * each step must lie within the packet, and the limit is eight. Owned by the worker.
 */
final class Ipv6ExtensionChain {
    private static final int MAX_HEADERS = 8;
    private static final int UNIT_BYTES = 8;
    private static final int FRAGMENT_OFFSET_MASK = 0xFFF8;
    private static final int MORE_FRAGMENTS = 1;

    private final Ipv6ExtensionFlyweight extension = new Ipv6ExtensionFlyweight();
    private int protocol;
    private int end;
    private boolean fragment;
    private boolean laterFragment;

    /**
     * @param nextHeader of the IPv6 header.
     * @param start      offset of the first byte behind the IPv6 header.
     * @param limit      offset behind the packet's last byte.
     * @return false when a header is truncated or the limit is exceeded.
     */
    boolean walk(final long frameAddress, final int nextHeader, final int start, final int limit) {
        protocol = nextHeader;
        end = start;
        fragment = false;
        laterFragment = false;
        for (int headers = 0; isExtension(protocol) && !laterFragment; headers++) {
            if (headers == MAX_HEADERS || limit - end < UNIT_BYTES) {
                return false;
            }
            extension.wrap(frameAddress + end, limit - end);
            final int length = lengthOf(protocol);
            if (length > limit - end) {
                return false;
            }
            if (protocol == IpProtocol.FRAGMENT) {
                final int field = extension.fragmentField();
                fragment = (field & (FRAGMENT_OFFSET_MASK | MORE_FRAGMENTS)) != 0;
                laterFragment = (field & FRAGMENT_OFFSET_MASK) != 0;
            }
            protocol = extension.nextHeader();
            end += length;
        }
        return true;
    }

    /** The protocol behind the extension headers. */
    int protocol() {
        return protocol;
    }

    /** Offset of the first byte behind the extension headers. */
    int end() {
        return end;
    }

    boolean isFragment() {
        return fragment;
    }

    boolean isLaterFragment() {
        return laterFragment;
    }

    private static boolean isExtension(final int header) {
        return switch (header) {
            case IpProtocol.HOP_BY_HOP, IpProtocol.ROUTING, IpProtocol.FRAGMENT, IpProtocol.AUTHENTICATION,
                IpProtocol.DESTINATION_OPTIONS, IpProtocol.MOBILITY -> true;
            default -> false;
        };
    }

    private int lengthOf(final int header) {
        final int lengthField = extension.lengthField();
        return switch (header) {
            case IpProtocol.FRAGMENT -> UNIT_BYTES;
            // RFC 4302, 2.2: in units of four bytes, minus two.
            case IpProtocol.AUTHENTICATION -> lengthField + 2 << 2;
            default -> lengthField + 1 << 3;
        };
    }
}
