package org.sluice.control.host;

import java.io.IOException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.nat.HostPorts;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.linux.netlink.SocketDiag;

/**
 * Tells the workers, every few seconds, which ports the host's own sockets have, and which it chooses from. Has a
 * thread of its own, because a host may have many sockets. Owned by the control thread.
 */
public final class UsedPorts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UsedPorts.class);
    private static final long PERIOD_SECONDS = 5;

    private final HostPorts ports;
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(task ->
        Thread.ofPlatform().daemon().name("host-ports").unstarted(task));
    private boolean watching;
    private boolean failed;

    /**
     * @param ports where the workers read them.
     */
    public UsedPorts(final HostPorts ports) {
        this.ports = ports;
    }

    /** Begins, once. */
    public void watch() {
        if (!watching) {
            watching = true;
            read();
            executor.scheduleWithFixedDelay(this::read, PERIOD_SECONDS, PERIOD_SECONDS, TimeUnit.SECONDS);
        }
    }

    private void read() {
        try (SocketDiag diag = new SocketDiag()) {
            final EphemeralPorts ephemeral = EphemeralPorts.read();
            ports.set(diag.localPorts(IpProtocol.TCP), diag.localPorts(IpProtocol.UDP),
                diag.localPorts(IpProtocol.SCTP), ephemeral.first(), ephemeral.last());
            failed = false;
        } catch (final IOException | RuntimeException ex) {
            // The task must outlive any error; what the workers know stays.
            if (!failed) {
                LOG.warn("cannot see which ports the host uses itself: {}", ex.getMessage());
            }
            failed = true;
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
