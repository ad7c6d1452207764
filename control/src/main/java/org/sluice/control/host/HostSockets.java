package org.sluice.control.host;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.PlainText;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.linux.netlink.SocketDiag;
import org.sluice.linux.sys.NativeException;

/**
 * The ports that the host's processes listen on and the connections that they have, asked of the kernel, and which
 * process listens, where /proc tells.
 */
public final class HostSockets {
    private static final Logger LOG = LoggerFactory.getLogger(HostSockets.class);
    private static final int[] PROTOCOLS = {IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP};

    private final List<Listener> listeners = new ArrayList<>();
    private final List<Flow> flows = new ArrayList<>();
    private @Nullable Set<String> own;

    /**
     * A listening socket.
     *
     * @param address unspecified for all.
     */
    public record Listener(int protocol, InetAddress address, int port, long inode) {
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

    /** Those of this moment. */
    public static HostSockets read() {
        final HostSockets all = new HostSockets();
        try (SocketDiag diag = new SocketDiag()) {
            for (final int protocol : PROTOCOLS) {
                diag.sockets(protocol).forEach(all::add);
            }
        } catch (final NativeException ex) {
            LOG.warn("cannot list the host's own sockets: {}", ex.getMessage());
        }
        return all;
    }

    private void add(final SocketDiag.Socket socket) {
        if (socket.state() == SocketDiag.LISTEN || socket.protocol() == IpProtocol.UDP
            && socket.state() == SocketDiag.CLOSE) {
            listeners.add(new Listener(socket.protocol(), socket.local().getAddress(), socket.local().getPort(),
                socket.inode()));
        } else {
            flows.add(new Flow(socket.protocol(), socket.local(), socket.remote()));
        }
    }

    private static String socketOf(final Listener listener) {
        return "socket:[" + listener.inode() + "]";
    }

    /** Reading our own descriptors takes time: done once, and only if a port is in use. */
    private boolean isOwn(final Listener listener) {
        if (own == null) {
            own = ownSockets();
        }
        return own.contains(socketOf(listener));
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
    public List<Flow> flows(final int protocol, final int first, final int last) {
        return flows.stream().filter(flow -> flow.protocol() == protocol && flow.local().getPort() >= first
            && flow.local().getPort() <= last && !flow.local().getAddress().isLoopbackAddress()).toList();
    }

    /**
     * One of another process that would have what comes for the address, or all, on one of the ports.
     *
     * @param address null for all; an unspecified one for all of its family.
     */
    public Optional<Listener> find(final int protocol, final @Nullable InetAddress address, final int first,
                                   final int last) {
        return listeners.stream()
            .filter(listener -> listener.protocol() == protocol && listener.port() >= first && listener.port() <= last)
            .filter(listener -> clashes(listener.address(), address))
            .filter(listener -> !isOwn(listener)).findFirst();
    }

    /** An unspecified IPv6 address of a listener is, for all that can be seen, of both families. */
    private static boolean clashes(final InetAddress listener, final @Nullable InetAddress wanted) {
        if (wanted == null || listener.equals(wanted)
            || listener instanceof Inet6Address && listener.isAnyLocalAddress()) {
            return true;
        }
        return listener instanceof Inet4Address == wanted instanceof Inet4Address
            && (listener.isAnyLocalAddress() || wanted.isAnyLocalAddress());
    }

    /** The process that has the socket, as "name (pid 1)", or "a process". */
    public static String processOf(final Listener listener) {
        final String wanted = socketOf(listener);
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (final Path process : processes) {
                if (has(process, wanted)) {
                    return describe(process);
                }
            }
        } catch (final IOException ex) {
            // It has gone, or is not ours to look at: then it has no name.
            return "a process";
        }
        return "a process";
    }

    /** Anybody may name a process, by any bytes. */
    static String describe(final Path process) throws IOException {
        final String name = new String(Files.readAllBytes(process.resolve("comm")), StandardCharsets.UTF_8);
        return PlainText.of(name.strip()) + " (pid " + process.getFileName() + ")";
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
}
