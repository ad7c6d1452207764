package org.sluice.linux.device;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.linux.sys.Linux;

/** Tells from the error of a write why the kernel refused a frame (Linux drivers/net/tun.c, net/packet/af_packet.c). */
final class Refusal {
    static final int ENXIO = 6;
    static final int ENOMEM = 12;
    static final int EMSGSIZE = 90;
    static final int ENETDOWN = 100;
    static final int ENETUNREACH = 101;
    static final int ENOBUFS = 105;
    static final int EHOSTUNREACH = 113;

    private Refusal() {
    }

    static DropReason of(final int errno) {
        return switch (errno) {
            case Linux.EIO, Linux.ENODEV, Linux.EBADFD, ENXIO, ENETDOWN, ENETUNREACH, EHOSTUNREACH ->
                DropReason.EGRESS_DOWN;
            case Linux.EAGAIN, ENOMEM, ENOBUFS -> DropReason.EGRESS_FULL;
            case EMSGSIZE -> DropReason.EGRESS_TOO_LONG;
            default -> DropReason.EGRESS_REFUSED;
        };
    }
}
