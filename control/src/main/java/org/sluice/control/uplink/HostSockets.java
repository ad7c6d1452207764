package org.sluice.control.uplink;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The ports that the host's processes listen on and the connections that they have, read from /proc (proc(5),
 * /proc/net/tcp), and which process listens, where it can be seen.
 */
public final class HostSockets {
    private static final Path NET = Path.of("/proc/self/net");
    private static final int TCP_LISTEN = 0x0A;
    private static final int UDP_UNCONNECTED = 0x07;
    private static final int ADDRESS_COLUMN = 1;
    private static final int REMOTE_ADDRESS_COLUMN = 2;
    private static final int STATE_COLUMN = 3;
    private static final int INODE_COLUMN = 9;

    private final List<Listener> listeners = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();

    /**
     * A socket that waits for whoever comes.
     *
     * @param address unspecified for all.
     */
    public record Listener(int protocol, InetAddress address, int port, String inode) {
    }

    /**
     * A connection of a process of the host's.
     *
     * @param local  the host's end.
     * @param remote the other.
     */
    public record Flow(int protocol, InetSocketAddress local, InetSocketAddress remote) {
    }

    private HostSockets() {
    }

    /** Those of this moment; this process's own, which serve published ports, are not among them. */
    public static HostSockets read() {
        final HostSockets all = new HostSockets();
        final Set<String> own = ownSockets();
        all.read("tcp", 6, TCP_LISTEN);
        all.read("tcp6", 6, TCP_LISTEN);
        all.read("udp", 17, UDP_UNCONNECTED);
        all.read("udp6", 17, UDP_UNCONNECTED);
        all.listeners.removeIf(listener -> own.contains(socketOf(listener)));
        return all;
    }

    private static String socketOf(final Listener listener) {
        return "socket:[" + listener.inode() + "]";
    }

    private static Set<String> ownSockets() {
        final Set<String> sockets = new HashSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (final Path file : files) {
                addSocket(file, sockets);
            }
        } catch (final IOException ex) {
            return sockets; // without /proc there are no listeners either
        }
        return sockets;
    }

    private static void addSocket(final Path file, final Set<String> sockets) {
        try {
            sockets.add(Files.readSymbolicLink(file).toString());
        } catch (final IOException ex) {
            return; // it was closed meanwhile
        }
    }

    /** The connections whose own port is one of these. */
    List<Flow> flows(final int protocol, final int first, final int last) {
        return flows.stream().filter(flow -> flow.protocol() == protocol && flow.local().getPort() >= first
            && flow.local().getPort() <= last && !flow.local().getAddress().isLoopbackAddress()).toList();
    }

    /**
     * One that would have what comes for the address, or all, on one of the ports.
     *
     * @param address null or an unspecified one for all.
     */
    public Optional<Listener> find(final int protocol, final InetAddress address, final int first, final int last) {
        return listeners.stream()
            .filter(listener -> listener.protocol() == protocol && listener.port() >= first && listener.port() <= last)
            .filter(listener -> address == null || address.isAnyLocalAddress() || listener.address().isAnyLocalAddress()
                || listener.address().equals(address))
            .findFirst();
    }

    /** The process that has the socket, as "name (pid 1)", or "a process". */
    public static String processOf(final Listener listener) {
        final String wanted = socketOf(listener);
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (final Path process : processes) {
                if (has(process, wanted)) {
                    return Files.readString(process.resolve("comm")).strip() + " (pid " + process.getFileName() + ")";
                }
            }
        } catch (final IOException ex) {
            // It has gone, or is not ours to look at: then it has no name.
            return "a process";
        }
        return "a process";
    }

    private static boolean has(final Path process, final String wanted) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (final Path file : files) {
                if (Files.isSymbolicLink(file) && wanted.equals(Files.readSymbolicLink(file).toString())) {
                    return true;
                }
            }
        } catch (final IOException ex) {
            return false; // it has gone, or is not ours to look at
        }
        return false;
    }

    private void read(final String table, final int protocol, final int state) {
        final List<String> lines;
        try {
            lines = Files.readAllLines(NET.resolve(table));
        } catch (final IOException ex) {
            return; // a kernel without IPv6 has no such table
        }
        for (final String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
            final String[] columns = line.strip().split("\\s+");
            if (columns.length <= INODE_COLUMN) {
                continue;
            }
            final InetSocketAddress local = endOf(columns[ADDRESS_COLUMN]);
            if (Integer.parseInt(columns[STATE_COLUMN], 16) == state) {
                listeners.add(new Listener(protocol, local.getAddress(), local.getPort(), columns[INODE_COLUMN]));
            } else {
                flows.add(new Flow(protocol, local, endOf(columns[REMOTE_ADDRESS_COLUMN])));
            }
        }
    }

    private static InetSocketAddress endOf(final String column) {
        final String[] addressAndPort = column.split(":");
        return new InetSocketAddress(parse(addressAndPort[0]), Integer.parseInt(addressAndPort[1], 16));
    }

    /** Words of 32 bits in network order, each printed as a number of the machine's. */
    private static InetAddress parse(final String hex) {
        final ByteBuffer in = ByteBuffer.wrap(HexFormat.of().parseHex(hex));
        final ByteBuffer out = ByteBuffer.allocate(in.capacity()).order(ByteOrder.nativeOrder());
        while (in.hasRemaining()) {
            out.putInt(in.getInt());
        }
        try {
            return InetAddress.getByAddress(out.array());
        } catch (final UnknownHostException ex) {
            throw new IllegalStateException(hex, ex);
        }
    }
}
