package org.sluice.linux.bpf;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;

/**
 * A map that eBPF programs and this process share. It lives as long as its descriptor or a program that uses it. Used
 * by one thread.
 */
final class BpfMap implements AutoCloseable {
    static final int HASH = 1;
    static final int ARRAY = 2;
    /** Evicts the least recently used entry when full. */
    static final int LRU_HASH = 9;
    static final int LPM_TRIE = 11;
    static final int SOCKMAP = 15;
    /** Allocates a trie's nodes on demand. */
    static final int NO_PREALLOC = 1;
    /** Makes an array's memory mappable. */
    static final int MMAPABLE = 1 << 10;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int PAGE_BYTES = 4096;

    private final int fd;
    private final int keyBytes;
    private final int valueBytes;
    private final OffHeapRegion scratch;
    private long mapped;
    private long mappedBytes;

    private BpfMap(final int fd, final int keyBytes, final int valueBytes) {
        this.fd = fd;
        this.keyBytes = keyBytes;
        this.valueBytes = valueBytes;
        scratch = OffHeapRegion.anonymous(keyBytes + 8L + Math.max(8, valueBytes));
    }

    /**
     * Creates a map.
     *
     * @throws NativeException when the kernel refuses.
     */
    static BpfMap create(final int type, final int keyBytes, final int valueBytes, final int maxEntries,
                         final int flags) {
        final int fd = Bpf.call(Bpf.MAP_CREATE, "create map of type " + type, attributes -> {
            attributes.putInt(0, type);
            attributes.putInt(4, keyBytes);
            attributes.putInt(8, valueBytes);
            attributes.putInt(12, maxEntries);
            attributes.putInt(16, flags);
        });
        return new BpfMap(fd, keyBytes, valueBytes);
    }

    int fd() {
        return fd;
    }

    /** Maps all of an array into memory; an element takes its size rounded up to eight bytes. */
    long map(final int entries) {
        mappedBytes = (long) entries * ((valueBytes + 7) & ~7) + PAGE_BYTES - 1 & -PAGE_BYTES;
        mapped = LibC.INSTANCE.mmap(0, mappedBytes, PROT_READ_WRITE, MAP_SHARED, fd, 0, 0);
        if (mapped == -1) {
            throw new NativeException("mmap", Bpf.errno(), "BPF array of " + mappedBytes + " bytes");
        }
        return mapped;
    }

    /** Sets the value of a key. Both have four or more bytes; the value is a number in native order. */
    void put(final byte[] key, final long value) {
        final long keyAddress = keyAt(key);
        final long valueAddress = keyAddress + keyBytes + 7 & -8;
        scratch.slice(valueAddress - scratch.address(), Long.BYTES).putLong(0, value);
        Bpf.call(Bpf.MAP_UPDATE, "update map", attributes -> {
            attributes.putInt(0, fd);
            attributes.putLong(8, keyAddress);
            attributes.putLong(16, valueAddress);
        });
    }

    /** Removes a key. A missing one is no error. */
    void remove(final byte[] key) {
        final long keyAddress = keyAt(key);
        Bpf.tryCall(Bpf.MAP_DELETE, attributes -> {
            attributes.putInt(0, fd);
            attributes.putLong(8, keyAddress);
        });
    }

    private long keyAt(final byte[] key) {
        if (key.length != keyBytes) {
            throw new IllegalArgumentException("a key of " + key.length + " bytes, not " + keyBytes);
        }
        scratch.slice(0, keyBytes).putBytes(0, key);
        return scratch.address();
    }

    @Override
    public void close() {
        if (mapped > 0) {
            LibC.INSTANCE.munmap(mapped, mappedBytes);
        }
        LibC.INSTANCE.close(fd);
        scratch.close();
    }
}
