package org.sluice.control.engine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.agrona.ErrorHandler;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.errors.DistinctErrorLog;
import org.agrona.concurrent.errors.ErrorLogReader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.worker.DeviceGoneException;

/**
 * The errors of the workers, each distinct one once with a count, in a mapped file; the first of its kind is
 * also logged. Errors of one type from one place are the same, whatever their messages say of addresses and numbers:
 * else one fault fills the file. Any thread may record.
 */
final class ErrorLog implements ErrorHandler, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorLog.class);
    private static final int BYTES = 256 * 1024;
    /** Enough to tell two callers of a common helper apart. */
    private static final int FRAMES_OF_PLACE = 8;

    /** Where an error came from. */
    private record Place(Class<?> type, List<StackTraceElement> frames) {
        static Place of(final Throwable error) {
            final StackTraceElement[] stack = error.getStackTrace();
            return new Place(error.getClass(),
                List.of(Arrays.copyOf(stack, Math.min(stack.length, FRAMES_OF_PLACE))));
        }
    }

    private final OffHeapRegion region;
    private final AtomicBuffer buffer;
    private final DistinctErrorLog log;
    /** The first error of each place stands for those that follow. As many as the code has places. */
    private final Map<Place, Throwable> firsts = new HashMap<>();

    ErrorLog(final Path file) {
        region = OffHeapRegion.mapped(file, BYTES);
        buffer = region.slice(0, BYTES);
        log = new DistinctErrorLog(buffer, SystemEpochClock.INSTANCE);
    }

    @Override
    public void onError(final Throwable error) {
        if (error instanceof DeviceGoneException) {
            // It comes once for each port, and is no fault of ours: the port's state and a counter tell it too.
            LOG.warn("{}", error.getMessage());
        } else if (isFirst(error)) {
            LOG.error("{}", error.getMessage(), error);
        }
    }

    private synchronized boolean isFirst(final Throwable error) {
        final @Nullable Throwable first = firsts.putIfAbsent(Place.of(error), error);
        log.record(first == null ? error : first);
        return first == null;
    }

    List<SwitchStatus.Failure> entries() {
        final List<SwitchStatus.Failure> entries = new ArrayList<>();
        ErrorLogReader.read(buffer, (count, firstMs, lastMs, text) -> entries.add(new SwitchStatus.Failure(count,
            Instant.ofEpochMilli(firstMs), Instant.ofEpochMilli(lastMs), text.lines().findFirst().orElse(""))));
        return entries;
    }

    @Override
    public void close() {
        region.close();
    }
}
