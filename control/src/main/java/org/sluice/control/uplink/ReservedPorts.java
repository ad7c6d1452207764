package org.sluice.control.uplink;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.nat.NatPorts;

/**
 * Keeps the host from choosing a port of the switch's for a connection of its own (Linux
 * Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports): adds a range to those that are reserved already,
 * and takes it out again. Owned by the control thread.
 */
final class ReservedPorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReservedPorts.class);
    private static final int MAX_BYTES = 1 << 20;
    private static final Path FILE = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    private final String range;
    private boolean added;

    ReservedPorts(final NatPorts ports) {
        range = ports.first() + "-" + ports.last();
    }

    /** Once is enough. A host that does not let us is told of, and works as long as it does not use the ports. */
    void reserve() {
        if (added) {
            return;
        }
        try {
            final List<String> ranges = read();
            if (!ranges.contains(range)) {
                ranges.add(range);
                write(ranges);
            }
            added = true;
        } catch (final IOException ex) {
            LOG.warn("the host's connections may take ports of {}, which are the switch's: cannot write {}: {}", range,
                FILE, ex.getMessage());
        }
    }

    @Override
    public void close() {
        if (added) {
            try {
                final List<String> ranges = read();
                ranges.remove(range);
                write(ranges);
            } catch (final IOException ex) {
                LOG.warn("the ports {} stay reserved: {}", range, ex.getMessage());
            }
        }
    }

    /** In one read: the kernel gives nothing more to a second one, however little the first has asked for. */
    private static List<String> read() throws IOException {
        final byte[] bytes = new byte[MAX_BYTES];
        final String content;
        try (InputStream in = Files.newInputStream(FILE)) {
            content = new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII).strip();
        }
        return content.isEmpty() ? new ArrayList<>() : new ArrayList<>(List.of(content.split(",")));
    }

    private static void write(final List<String> ranges) throws IOException {
        Files.writeString(FILE, String.join(",", ranges) + "\n");
    }
}
