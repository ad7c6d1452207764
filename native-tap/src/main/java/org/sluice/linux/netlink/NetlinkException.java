package org.sluice.linux.netlink;

import org.sluice.linux.sys.NativeException;

/** The kernel refused a netlink request. */
public final class NetlinkException extends NativeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param operation the request and its arguments, human-readable.
     * @param detail    the kernel's own words (extended acknowledgement), or nothing.
     */
    public NetlinkException(final String operation, final int errno, final String detail) {
        super(operation, errno, detail);
    }
}
