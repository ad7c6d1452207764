package org.sluice.control.observe;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

import org.agrona.CloseHelper;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.control.base.ControlException;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.model.DesiredState;
import org.sluice.control.network.Networking;
import org.sluice.control.network.PortInventory;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;
import org.sluice.datapath.trace.ProbeRing;

/**
 * Shows packets: one trace and one capture at a time. Each ends when its client says so, or has not asked
 * for some time. Owned by the control thread.
 */
public final class Observer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Observer.class);
    private static final int TRACE_RING_BYTES = 4 << 20;
    private static final int CAPTURE_RING_BYTES = 16 << 20;
    private static final long LEASE_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LEASE_CHECK_SECONDS = 2;
    private static final long DEFAULT_MAX_BYTES = 1L << 30;

    private final SwitchEngine engine;
    private final NanoClock clock;
    private final PortInventory ports;
    private final FilterParser filters;
    private final IntFunction<String> linkNames;
    private final ScheduledFuture<?> leaseCheck;
    /** Of ports, by index; also of those that have gone since somebody began to look. */
    private final Map<Integer, String> names = new ConcurrentHashMap<>();
    private @Nullable RunningTrace trace;
    private @Nullable RunningCapture capture;

    /**
     * A client's request for a trace.
     *
     * @param filter words, as {@link FilterParser} reads them; none, or null, for all packets.
     */
    public record TraceRequest(@Nullable List<String> filter) {
    }

    /**
     * A client's request for a capture.
     *
     * @param filter   as for a trace.
     * @param file     absolute path on the daemon's host.
     * @param snaplen  bytes of a frame at most; null for all.
     * @param frames   after which it ends; null for no limit.
     * @param maxBytes of the file, after which it ends; null for 1 GiB.
     */
    public record CaptureRequest(@Nullable List<String> filter, @Nullable String file, @Nullable Integer snaplen,
                                 @Nullable Long frames, @Nullable Long maxBytes) {
    }

    /**
     * The packets that were traced since the last time.
     *
     * @param lost steps that came too fast, since the beginning.
     */
    public record Trace(List<TracedPacket> packets, long lost) {
    }

    /**
     * How a capture goes.
     *
     * @param bytes of the file.
     * @param lost  frames that came too fast.
     * @param full  whether it has as much as was wanted.
     */
    public record Capture(String file, long frames, long bytes, long lost, boolean full) {
    }

    /** Rings that the workers fill, for as long as a client asks. */
    private static final class Session {
        private final ProbeKind kind;
        private final List<ProbeRing> rings;
        private final NanoClock clock;
        private long askedNs;

        private Session(final ProbeKind kind, final List<ProbeRing> rings, final NanoClock clock) {
            this.kind = kind;
            this.rings = rings;
            this.clock = clock;
            asked();
        }

        private void asked() {
            askedNs = clock.nanoTime();
        }

        private boolean isForgotten() {
            return clock.nanoTime() - askedNs > LEASE_NS;
        }

        private long lost() {
            return rings.stream().mapToLong(ProbeRing::lost).sum();
        }
    }

    private record RunningTrace(Session session, List<TraceReader> readers) {
    }

    private record RunningCapture(Session session, CaptureWriter writer, Path file) {
        Capture progress() {
            return new Capture(file.toString(), writer.frames(), writer.bytes(), session.lost(), writer.isFull());
        }
    }

    /**
     * @param linkNames names an interface of the host by its number.
     * @param control   the control thread.
     */
    public Observer(final DesiredState state, final SwitchEngine engine, final Networking networking,
                    final IntFunction<String> linkNames, final ScheduledExecutorService control) {
        this.linkNames = linkNames;
        this.engine = engine;
        clock = engine.clock();
        ports = networking.ports();
        filters = new FilterParser(state, networking.liveNetworks(), networking.liveEndpoints());
        leaseCheck = control.scheduleWithFixedDelay(this::endForgotten, LEASE_CHECK_SECONDS, LEASE_CHECK_SECONDS,
            TimeUnit.SECONDS);
    }

    /**
     * Begins a trace.
     *
     * @throws ControlException when the filter is not understood, or another trace is under way.
     */
    public Trace startTrace(final TraceRequest request) {
        final PacketFilter filter = filters.parse(request.filter() == null ? List.of() : request.filter());
        requireFree(trace == null ? null : trace.session(), "trace");
        stopTrace();
        learnNames();
        final long epochOffsetNs = engine.epochOffsetNs();
        final List<TraceReader> readers = IntStream.range(0, engine.workerCount())
            .mapToObj(worker -> new TraceReader(names, linkNames, epochOffsetNs)).toList();
        trace = new RunningTrace(open(ProbeKind.TRACE, filter, TRACE_RING_BYTES, 0), readers);
        return new Trace(List.of(), 0);
    }

    /** The packets that were traced since the last time. */
    public Trace readTrace() {
        final RunningTrace running = requireThere(trace, "trace");
        running.session().asked();
        learnNames();
        final List<TracedPacket> packets = new ArrayList<>();
        for (int worker = 0; worker < running.readers().size(); worker++) {
            packets.addAll(running.readers().get(worker).read(running.session().rings.get(worker)));
        }
        return new Trace(packets, running.session().lost());
    }

    /** Ports come while somebody looks. */
    private void learnNames() {
        names.putAll(ports.labels());
    }

    /** Ends the trace; one that is not there is no error. */
    public void stopTrace() {
        if (trace != null) {
            stop(trace.session());
            CloseHelper.closeAll(trace.session().rings);
            trace = null;
        }
    }

    /**
     * Begins to write a file.
     *
     * @throws ControlException when the request is wrong, or another capture is under way.
     */
    public Capture startCapture(final CaptureRequest request) {
        final PacketFilter filter = filters.parse(request.filter() == null ? List.of() : request.filter());
        final Path path = fileOf(request);
        final int snapBytes = request.snaplen() == null ? FrameBatch.MAX_FRAME_LENGTH : request.snaplen();
        final long frames = request.frames() == null ? Long.MAX_VALUE : request.frames();
        final long maxBytes = request.maxBytes() == null ? DEFAULT_MAX_BYTES : request.maxBytes();
        if (snapBytes <= 0 || snapBytes > FrameBatch.MAX_FRAME_LENGTH || frames <= 0 || maxBytes <= 0) {
            throw ControlException.invalid("a capture takes from 1 to " + FrameBatch.MAX_FRAME_LENGTH
                + " bytes of a frame, and at least one frame and one byte in all");
        }
        requireFree(capture == null ? null : capture.session(), "capture");
        stopCapture();
        final Session session = open(ProbeKind.CAPTURE, filter, CAPTURE_RING_BYTES, snapBytes);
        final RunningCapture running;
        try {
            learnNames();
            running = new RunningCapture(session, new CaptureWriter(session.rings, names, path,
                new CaptureWriter.Limits(snapBytes, frames, maxBytes), engine.epochOffsetNs()), path);
        } catch (final IOException | RuntimeException | InternalError ex) {
            stop(session);
            CloseHelper.closeAll(session.rings);
            throw ControlException.invalid("cannot write " + path + ": " + ex.getMessage());
        }
        capture = running;
        return running.progress();
    }

    private static Path fileOf(final CaptureRequest request) {
        try {
            if (request.file() != null && Path.of(request.file()).isAbsolute()) {
                return Path.of(request.file());
            }
        } catch (final InvalidPathException ex) {
            throw ControlException.invalid("\"" + request.file() + "\" is no path: " + ex.getReason());
        }
        throw ControlException.invalid("which file? name one by its absolute path");
    }

    /** How the capture goes. */
    public Capture readCapture() {
        final RunningCapture running = requireThere(capture, "capture");
        running.session().asked();
        learnNames();
        return running.progress();
    }

    /** Ends the capture: when this returns the file is complete. Null where none was under way. */
    public @Nullable Capture stopCapture() {
        if (capture == null) {
            return null;
        }
        final RunningCapture running = capture;
        stop(running.session());
        running.writer().close();
        final Capture ended = running.progress();
        CloseHelper.closeAll(running.session().rings);
        capture = null;
        return ended;
    }

    private Session open(final ProbeKind kind, final PacketFilter filter, final int ringBytes, final int snapBytes) {
        final Session session = new Session(kind,
            IntStream.range(0, engine.workerCount()).mapToObj(worker -> new ProbeRing(ringBytes)).toList(), clock);
        try {
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                engine.probes(worker).ring(kind, session.rings.get(worker));
                engine.execute(worker, new Command.Observe(kind, true, filter, snapBytes), "start observing");
            }
        } catch (final RuntimeException ex) {
            stop(session);
            CloseHelper.closeAll(session.rings);
            throw ex;
        }
        return session;
    }

    /** When this returns no worker uses the rings: every one has been told, or has stopped. */
    private void stop(final Session session) {
        @Nullable ControlException failure = null;
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            try {
                if (engine.isAlive(worker)) {
                    engine.execute(worker, new Command.Observe(session.kind, false, PacketFilter.ALL, 0),
                        "stop observing");
                }
                engine.probes(worker).ring(session.kind, null);
            } catch (final ControlException ex) {
                failure = ex;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private static void requireFree(final @Nullable Session session, final String what) {
        if (session != null && !session.isForgotten()) {
            throw ControlException.conflict("another " + what + " is under way; end it first");
        }
    }

    private static <T> T requireThere(final @Nullable T running, final String what) {
        if (running == null) {
            throw ControlException.notFound("there is no " + what + " under way");
        }
        return running;
    }

    private void endForgotten() {
        try {
            if (trace != null && trace.session().isForgotten()) {
                stopTrace();
            }
            if (capture != null && capture.session().isForgotten()) {
                stopCapture();
            }
        } catch (final RuntimeException ex) {
            // Anything that escapes would end the periodic task for good.
            LOG.error("cannot end an abandoned trace or capture; trying again", ex);
        }
    }

    @Override
    public void close() {
        leaseCheck.cancel(false);
        CloseHelper.closeAll(this::stopTrace, this::stopCapture);
    }
}
