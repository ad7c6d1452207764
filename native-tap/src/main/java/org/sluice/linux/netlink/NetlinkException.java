package org.sluice.linux.netlink;

import org.sluice.linux.sys.NativeException;

/** The kernel has refused a netlink request. */
public final class NetlinkException extends NativeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param operation what was asked, with its arguments, for people.
     * @param detail    the kernel's own words (extended acknowledgement), or nothing.
     */
    public NetlinkException(final String operation, final int errno, final String detail) {
        super(operation, errno, detail);
    }
}
