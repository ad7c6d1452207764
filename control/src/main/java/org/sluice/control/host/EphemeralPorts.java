package org.sluice.control.host;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The ports from which the host chooses for its own connections (Linux Documentation/networking/ip-sysctl.rst,
 * ip_local_port_range).
 *
 * @param first the lowest.
 * @param last  the highest.
 */
record EphemeralPorts(int first, int last) {
    private static final Path SETTING = Path.of("/proc/sys/net/ipv4/ip_local_port_range");

    /** As they are now. */
    static EphemeralPorts read() throws IOException {
        final String[] ends = Sysctl.read(SETTING).split("\\s+");
        return new EphemeralPorts(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
    }
}
