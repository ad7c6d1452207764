package org.sluice.datapath.buffer;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.core.io.ReferenceOwner;

import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A fixed stretch of off-heap memory, anonymous or backed by a file that other processes can map.
 * <p>
 * Chronicle Bytes allocates, maps and releases it; the tables and counters read and write it through Agrona buffers.
 * The start is aligned to a cache line. New memory is zero. The thread that makes a region closes it, after every
 * user of its address has stopped.
 */
public final class OffHeapRegion implements AutoCloseable {
    public static final int CACHE_LINE_BYTES = 64;

    private static final int CHUNK_BYTES = 1 << 16;

    private final Runnable release;
    private final long address;
    private final long sizeBytes;

    private OffHeapRegion(final long address, final long sizeBytes, final Runnable release) {
        this.address = address;
        this.sizeBytes = sizeBytes;
        this.release = release;
    }

    /**
     * Allocates zeroed memory that only this process sees.
     *
     * @param sizeBytes how much, more than 0.
     */
    public static OffHeapRegion anonymous(final long sizeBytes) {
        requirePositive(sizeBytes);
        final BytesStore<?, Void> store = BytesStore.nativeStoreWithFixedCapacity(sizeBytes + CACHE_LINE_BYTES);
        final long address = BitUtil.align(store.addressForRead(0), CACHE_LINE_BYTES);
        return new OffHeapRegion(address, sizeBytes, () -> store.release(ReferenceOwner.INIT));
    }

    /**
     * Maps a file. Its earlier content is visible; bytes beyond its end read as zero. The file gets its space
     * now: memory over a hole would be an error when it is written, once the file system is full.
     *
     * @param file      is created if missing; its folder must exist.
     * @param sizeBytes how much to map, more than 0.
     * @throws UncheckedIOException when the file cannot be opened, grown or mapped; a new one is then gone.
     */
    public static OffHeapRegion mapped(final Path file, final long sizeBytes) {
        requirePositive(sizeBytes);
        try {
            occupy(file, sizeBytes);
            final MappedBytes bytes = MappedBytes.singleMappedBytes(new File(file.toString()), sizeBytes);
            return new OffHeapRegion(bytes.addressForRead(0), sizeBytes, () -> unmap(bytes));
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot map " + file + ": " + ex.getMessage(), ex);
        }
    }

    private static void occupy(final Path file, final long sizeBytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            final long before = channel.size();
            final ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
            try {
                for (long at = before; at < sizeBytes;) {
                    at += channel.write(zeros.clear().limit((int) Math.min(CHUNK_BYTES, sizeBytes - at)), at);
                }
            } catch (final IOException ex) {
                channel.truncate(before);
                if (before == 0) {
                    Files.delete(file);
                }
                throw ex;
            }
        }
    }

    /** The bytes leave their store mapped: it holds a reference of its own. Chronicle unmaps it in the background. */
    private static void unmap(final MappedBytes bytes) {
        final BytesStore<?, ?> store = bytes.bytesStore();
        bytes.releaseLast();
        store.release(ReferenceOwner.INIT);
    }

    public long address() {
        return address;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /**
     * A bounds-checked view of a part of the region.
     *
     * @throws IllegalArgumentException when the part does not lie within the region.
     */
    public UnsafeBuffer slice(final long offset, final int lengthBytes) {
        if (offset < 0 || lengthBytes < 0 || offset + lengthBytes > sizeBytes) {
            throw new IllegalArgumentException(
                "slice " + offset + "+" + lengthBytes + " lies outside a region of " + sizeBytes + " bytes");
        }
        return new UnsafeBuffer(address + offset, lengthBytes);
    }

    @Override
    public void close() {
        release.run();
    }

    private static void requirePositive(final long sizeBytes) {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("a region needs a size above 0, not " + sizeBytes);
        }
    }
}
