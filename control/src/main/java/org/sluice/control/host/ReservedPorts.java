package org.sluice.control.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.nat.NatPorts;

/**
 * Keeps the host from choosing a port of the switch's for a connection of its own (Linux
 * Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports): adds a range to those that are reserved already,
 * and takes it out again. Owned by the control thread.
 */
public final class ReservedPorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReservedPorts.class);
    private static final int MAX_BYTES = 1 << 20;
    private static final Path FILE = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    private final NatPorts ports;
    /** Of our range, what the host had reserved before us. */
    private final BitSet hostsOwn = new BitSet();
    private boolean added;

    public ReservedPorts(final NatPorts ports) {
        this.ports = ports;
    }

    /**
     * Reserves the ports, once. Where the host does not let us, a warning says so; all works until the host uses one.
     */
    public void reserve() {
        if (added) {
            return;
        }
        try {
            final BitSet reserved = read();
            // All of them: left by a daemon that was killed.
            if (reserved.nextClearBit(ports.first()) <= ports.last()) {
                hostsOwn.or(reserved.get(0, ports.last() + 1));
                reserved.set(ports.first(), ports.last() + 1);
                write(reserved);
            }
            added = true;
        } catch (final IOException ex) {
            LOG.warn("cannot reserve ports {} to {} for the switch, so the host may use them too: cannot write {}: {}",
                ports.first(), ports.last(), FILE, ex.getMessage());
        }
    }

    @Override
    public void close() {
        if (added) {
            try {
                final BitSet reserved = read();
                for (int port = ports.first(); port <= ports.last(); port++) {
                    reserved.set(port, hostsOwn.get(port));
                }
                write(reserved);
            } catch (final IOException ex) {
                LOG.warn("the ports from {} to {} stay reserved: {}", ports.first(), ports.last(), ex.getMessage());
            }
        }
    }

    /** In one read: the kernel gives nothing more to a second one, however little the first has asked for. */
    private static BitSet read() throws IOException {
        final byte[] bytes = new byte[MAX_BYTES];
        final String content;
        try (InputStream in = Files.newInputStream(FILE)) {
            content = new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII).strip();
        }
        final BitSet reserved = new BitSet();
        for (final String range : content.isEmpty() ? new String[0] : content.split(",")) {
            final String[] ends = range.split("-");
            reserved.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
        return reserved;
    }

    private static void write(final BitSet reserved) throws IOException {
        final List<String> ranges = new ArrayList<>();
        int first = reserved.nextSetBit(0);
        while (first >= 0) {
            final int end = reserved.nextClearBit(first);
            ranges.add(first + "-" + (end - 1));
            first = reserved.nextSetBit(end);
        }
        Files.writeString(FILE, String.join(",", ranges) + "\n");
    }
}
