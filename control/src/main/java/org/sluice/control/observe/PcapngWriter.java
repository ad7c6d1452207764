package org.sluice.control.observe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

import net.openhft.chronicle.bytes.Bytes;

import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes a file that Wireshark opens (pcapng, IETF draft-ietf-opsawg-pcapng). Each port of the switch is an interface.
 * Only the owner may read the file. It is opened once, as a new one, so that whoever owns the folder can put nothing in
 * its place. Used by one thread, which need not be the one that has made it.
 */
final class PcapngWriter implements AutoCloseable {
    private static final int SECTION_HEADER = 0x0A0D0D0A;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int ENHANCED_PACKET = 6;
    private static final int BYTE_ORDER_MAGIC = 0x1A2B3C4D;
    private static final int VERSION = 1;
    private static final int LINK_ETHERNET = 1;
    private static final int OPTION_END = 0;
    private static final int OPTION_NAME = 2;
    private static final int OPTION_RESOLUTION = 9;
    private static final int OPTION_PACKET_FLAGS = 2;
    private static final int NANOSECONDS = 9;
    private static final int INBOUND = 1;
    private static final int OUTBOUND = 2;
    private static final int BUFFER_BYTES = 256 << 10;

    private final Path path;
    private final FileChannel file;
    /** Whole blocks that are not in the file yet, and the one that is being made. */
    private final Bytes<ByteBuffer> out = Bytes.elasticByteBuffer(BUFFER_BYTES);
    private final int snapBytes;
    private final Map<Integer, Integer> interfaces = new HashMap<>();
    private final byte[] scratch;
    private final DirectBuffer frame = new UnsafeBuffer();
    private long flushed;

    /**
     * Begins a file, in place of one that may be there.
     *
     * @param snapBytes of a frame at most.
     * @throws IOException when it cannot be made.
     */
    PcapngWriter(final Path path, final int snapBytes) throws IOException {
        this.path = path;
        this.snapBytes = snapBytes;
        scratch = new byte[snapBytes];
        file = create(path);
        out.singleThreadedCheckDisabled(true); // another thread goes on
        final long start = begin(SECTION_HEADER);
        out.writeInt(BYTE_ORDER_MAGIC).writeInt(VERSION).writeLong(-1);
        end(start);
    }

    private static FileChannel create(final Path path) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("it is there, and is no regular file");
            }
            Files.delete(path);
        }
        return FileChannel.open(path, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    /** Bytes so far. */
    long size() {
        return flushed + out.writePosition();
    }

    /**
     * Puts all whole blocks into the file.
     *
     * @throws UncheckedIOException when it cannot be written.
     */
    void flush() {
        final ByteBuffer blocks = out.underlyingObject().clear().limit((int) out.writePosition());
        try {
            while (blocks.hasRemaining()) {
                file.write(blocks);
            }
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot write " + path + ": " + ex.getMessage(), ex);
        }
        flushed += out.writePosition();
        out.clear();
    }

    /**
     * Appends a frame.
     *
     * @param port     the switch's port, by index.
     * @param name     of that port.
     * @param epochNs  when.
     * @param length   of the whole frame.
     * @param address  of what is kept of it.
     * @param captured bytes of that.
     */
    void write(final int port, final String name, final long epochNs, final boolean outbound, final int length,
               final long address, final int captured) {
        final Integer known = interfaces.get(port);
        final int number = known != null ? known : describe(port, name);
        final long start = begin(ENHANCED_PACKET);
        out.writeInt(number).writeInt((int) (epochNs >>> Integer.SIZE)).writeInt((int) epochNs).writeInt(captured)
            .writeInt(length);
        frame.wrap(address, captured);
        frame.getBytes(0, scratch, 0, captured);
        out.write(scratch, 0, captured);
        pad();
        out.writeShort((short) OPTION_PACKET_FLAGS).writeShort((short) Integer.BYTES)
            .writeInt(outbound ? OUTBOUND : INBOUND);
        endOptions();
        end(start);
        if (out.writePosition() >= BUFFER_BYTES) {
            flush();
        }
    }

    private int describe(final int port, final String name) {
        final long start = begin(INTERFACE_DESCRIPTION);
        out.writeShort((short) LINK_ETHERNET).writeShort((short) 0).writeInt(snapBytes);
        final byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        out.writeShort((short) OPTION_NAME).writeShort((short) bytes.length).write(bytes);
        pad();
        out.writeShort((short) OPTION_RESOLUTION).writeShort((short) 1).writeByte((byte) NANOSECONDS);
        pad();
        endOptions();
        end(start);
        final int number = interfaces.size();
        interfaces.put(port, number);
        return number;
    }

    private long begin(final int type) {
        final long start = out.writePosition();
        out.writeInt(type).writeInt(0);
        return start;
    }

    /** A block has its length at both ends. */
    private void end(final long start) {
        final int length = (int) (out.writePosition() - start) + Integer.BYTES;
        out.writeInt(length);
        out.writeInt(start + Integer.BYTES, length);
    }

    private void endOptions() {
        out.writeShort((short) OPTION_END).writeShort((short) 0);
    }

    private void pad() {
        while (out.writePosition() % Integer.BYTES != 0) {
            out.writeByte((byte) 0);
        }
    }

    /** Completes the file. */
    @Override
    public void close() {
        try {
            flush();
        } finally {
            out.releaseLast();
            CloseHelper.close(file);
        }
    }
}
