package org.sluice.control.engine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import org.agrona.ErrorHandler;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.errors.DistinctErrorLog;
import org.agrona.concurrent.errors.ErrorLogReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.worker.DeviceGoneException;

/**
 * The errors of the workers, each distinct one once with a count, in a mapped file; the first of its kind is
 * also logged. Any thread may record.
 */
final class ErrorLog implements ErrorHandler, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorLog.class);
    private static final int BYTES = 256 * 1024;

    private final OffHeapRegion region;
    private final AtomicBuffer buffer;
    private final DistinctErrorLog log;

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
        final int before = entries().size();
        // The log tells whether it had room, not whether the error was new.
        return log.record(error) && entries().size() > before;
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
