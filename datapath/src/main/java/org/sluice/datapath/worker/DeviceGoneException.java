package org.sluice.datapath.worker;

/** A device has gone away under its port, as a TAP does with its network namespace. */
public final class DeviceGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DeviceGoneException(final String deviceName) {
        super("the " + deviceName + " is gone with its namespace; its port is down until the endpoint is detached");
    }
}
