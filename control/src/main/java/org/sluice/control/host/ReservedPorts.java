package org.sluice.control.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.nat.NatPorts;

/**
 * Keeps the host from choosing a port of the switch's for a socket of its own (Linux
 * Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports): the ports of the NAT range, and those that are
 * published. What the host had reserved itself stays reserved when ours are taken out again. A file tells the next
 * daemon what that was, however this one ends. Owned by the control thread.
 */
public final class ReservedPorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReservedPorts.class);
    private static final Path SETTING = Path.of("/proc/sys/net/ipv4/ip_local_reserved_ports");

    /** As many as the host needs for its own connections, and so are never reserved. */
    private static final int LEFT_TO_THE_HOST = 4096;

    /** A range of ports; one that is reserved twice is here twice. */
    private record Range(int first, int last) {
        private int size() {
            return last - first + 1;
        }
    }

    private final Path file;
    private final NatPorts natPorts;
    private final List<Range> published = new ArrayList<>();
    /** What we have reserved. */
    private BitSet ours = new BitSet();
    private BitSet hostsOwn = new BitSet();
    private boolean reserving;
    private boolean closing;
    private boolean failed;
    private int unreserved;

    /**
     * @param file where it keeps what the host has reserved itself.
     */
    public ReservedPorts(final NatPorts ports, final Path file) {
        this.file = file;
        natPorts = ports;
    }

    /** Begins to reserve, once: with the first uplink. */
    public void reserve() {
        if (!reserving) {
            reserving = true;
            takeUp();
            update();
        }
    }

    /** Reserves published ports, if enough are left to the host. */
    public void add(final int first, final int last) {
        published.add(new Range(first, last));
        update();
    }

    /** Ends that, once. */
    public void remove(final int first, final int last) {
        published.remove(new Range(first, last));
        update();
    }

    /** Published ports that the host may choose for a socket of its own, because it would have too few without. */
    public int unreserved() {
        return unreserved;
    }

    /** Continues where a daemon that was killed has left off. */
    private void takeUp() {
        try {
            if (Files.exists(file)) {
                hostsOwn = parse(Files.readString(file));
                ours = parse(Sysctl.read(SETTING));
                ours.andNot(hostsOwn);
            }
        } catch (final IOException | IllegalArgumentException ex) {
            LOG.warn("cannot tell which ports the host had reserved itself: {}", ex.getMessage());
        }
    }

    /** Where the host does not let us, a warning says so; all works until the host uses one of the ports. */
    private void update() {
        if (!reserving) {
            return;
        }
        try {
            final BitSet now = parse(Sysctl.read(SETTING));
            hostsOwn = hostsOwn(now);
            saveHostsOwn();
            ours = wanted(EphemeralPorts.read());
            final BitSet all = (BitSet) ours.clone();
            all.or(hostsOwn);
            if (!all.equals(now)) {
                Files.writeString(SETTING, format(all) + "\n");
            }
            failed = false;
        } catch (final IOException ex) {
            if (!failed) {
                LOG.warn("cannot reserve the switch's ports, so the host may use them too: cannot write {}: {}",
                    SETTING, ex.getMessage());
            }
            failed = true;
        }
    }

    /** The NAT range, and published ranges, the small ones first, while the host has enough left. */
    private BitSet wanted(final EphemeralPorts ephemeral) {
        final BitSet wanted = new BitSet();
        unreserved = 0;
        if (closing) {
            return wanted;
        }
        wanted.set(natPorts.first(), natPorts.last() + 1);
        for (final Range range : published.stream().sorted(Comparator.comparingInt(Range::size)).toList()) {
            final BitSet more = (BitSet) wanted.clone();
            more.set(range.first, range.last + 1);
            final BitSet taken = (BitSet) more.clone();
            taken.or(hostsOwn);
            final int left = ephemeral.last() - ephemeral.first() + 1
                - taken.get(ephemeral.first(), ephemeral.last() + 1).cardinality();
            if (left >= LEFT_TO_THE_HOST || more.equals(wanted)) {
                wanted.or(more);
            } else {
                unreserved += range.size();
            }
        }
        return wanted;
    }

    /** Of what is reserved now, the host's: what is not ours, and what of ours it had reserved before. */
    private BitSet hostsOwn(final BitSet now) {
        final BitSet before = (BitSet) hostsOwn.clone();
        before.and(now);
        final BitSet own = (BitSet) now.clone();
        own.andNot(ours);
        own.or(before);
        return own;
    }

    private void saveHostsOwn() throws IOException {
        final Path draft = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(draft, format(hostsOwn));
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() {
        if (reserving) {
            closing = true;
            update();
            reserving = false;
            try {
                Files.deleteIfExists(file);
            } catch (final IOException ex) {
                LOG.warn("cannot remove {}: {}", file, ex.getMessage());
            }
        }
    }

    private static BitSet parse(final String content) {
        final BitSet ports = new BitSet();
        for (final String range : content.isBlank() ? new String[0] : content.strip().split(",")) {
            final String[] ends = range.split("-");
            ports.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
        return ports;
    }

    private static String format(final BitSet ports) {
        final List<String> ranges = new ArrayList<>();
        int first = ports.nextSetBit(0);
        while (first >= 0) {
            final int end = ports.nextClearBit(first);
            ranges.add(first + "-" + (end - 1));
            first = ports.nextSetBit(end);
        }
        return String.join(",", ranges);
    }
}
