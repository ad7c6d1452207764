package org.sluice.control.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import org.jspecify.annotations.Nullable;

/**
 * A capture on standard output: the daemon writes a file that nobody else can see, and this copies what it has so far.
 * The file has no name any more once both have it open, so nothing stays behind however the command ends. Used by the
 * command's thread.
 */
final class CaptureStream implements AutoCloseable {
    private final Path folder;
    private final Path file;
    private final WritableByteChannel out = Channels.newChannel(new FileOutputStream(FileDescriptor.out));
    private @Nullable FileChannel written;
    private long copied;

    CaptureStream() {
        try {
            folder = Files.createTempDirectory("sluice-capture-");
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot make a folder for the capture: " + ex.getMessage(), ex);
        }
        file = folder.resolve("pcapng");
    }

    /** Where the daemon is to write. */
    Path file() {
        return file;
    }

    /** Opens what the daemon writes from now on, and takes its name away. */
    void begin() throws IOException {
        written = FileChannel.open(file, StandardOpenOption.READ);
        removeName();
    }

    /** Copies what is there; false when nobody reads any more. */
    boolean copy() {
        if (written == null) {
            return false;
        }
        try {
            for (long count = 1; count > 0;) {
                count = written.transferTo(copied, Math.max(0, written.size() - copied), out);
                copied += count;
            }
            return true;
        } catch (final IOException ex) {
            return false; // as with: sluice capture -w - | head
        }
    }

    private void removeName() throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(folder);
    }

    @Override
    public void close() {
        try {
            if (written != null) {
                written.close();
            }
            removeName();
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot remove " + folder + ": " + ex.getMessage(), ex);
        }
    }
}
