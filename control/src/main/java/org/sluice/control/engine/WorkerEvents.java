package org.sluice.control.engine;

import java.net.InetAddress;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.datapath.command.EventChannel;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.linux.sys.Epoll;
import org.sluice.linux.sys.NativeException;

/**
 * Carries what the workers ask of control to the control thread. A worker must never wait: it writes to its ring and to
 * an event descriptor, and no more. A thread of this class sleeps on the descriptor and has the control thread read the
 * rings. Made before the engine, which wakes it, and closed after.
 */
public final class WorkerEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerEvents.class);

    private final Epoll descriptor = new Epoll();
    private final AtomicBoolean pending = new AtomicBoolean();
    private final Executor control;
    private @Nullable Thread thread;
    private volatile boolean closed;

    /** Receives what the workers ask, on the control thread. */
    public interface Listener {
        /** Packets wait for this neighbour on a worker's uplink, or it is in use and should be kept fresh. */
        void onNeighbourWanted(int worker, int portIndex, InetAddress address);

        /** The path to the VTEP whose port this is takes only shorter packets now. */
        void onPathTooSmall(int portIndex);
    }

    /**
     * @param control the control thread.
     */
    public WorkerEvents(final Executor control) {
        this.control = control;
    }

    /** Has the rings read soon. Any thread may call it; several calls may become one. */
    public void wakeUp() {
        descriptor.wakeUp();
    }

    /** Begins to read; what the workers have asked before is still there. */
    public void start(final SwitchEngine engine, final Listener listener) {
        thread = Thread.ofPlatform().daemon().name("worker-events").start(() -> {
            final int[] ready = new int[1];
            while (!closed) {
                descriptor.await(ready, -1);
                if (!closed && pending.compareAndSet(false, true)) {
                    handOver(engine, listener);
                }
            }
        });
    }

    private void handOver(final SwitchEngine engine, final Listener listener) {
        try {
            control.execute(() -> {
                pending.set(false);
                if (!closed) {
                    readAll(engine, listener);
                }
            });
        } catch (final RejectedExecutionException ex) {
            LOG.debug("the daemon is stopping", ex);
        }
    }

    private static void readAll(final SwitchEngine engine, final Listener listener) {
        try {
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                engine.pollEvents(worker, forWorker(worker, listener));
            }
        } catch (final NativeException | ControlException ex) {
            LOG.error("the workers' requests could not be answered: {}", ex.getMessage());
        }
    }

    private static EventChannel.Handler forWorker(final int worker, final Listener listener) {
        return new EventChannel.Handler() {
            @Override
            public void onNeighbourWanted(final int portIndex, final long high, final long low) {
                listener.onNeighbourWanted(worker, portIndex, IpAddress.of(high, low));
            }

            @Override
            public void onPathTooSmall(final int portIndex) {
                listener.onPathTooSmall(portIndex);
            }
        };
    }

    @Override
    public void close() {
        closed = true;
        descriptor.wakeUp();
        if (thread != null) {
            try {
                thread.join();
            } catch (final InterruptedException ex) {
                Thread.currentThread().interrupt();
                return; // it may still use what would be released
            }
        }
        descriptor.close();
    }
}
