package org.sluice.control.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Collectors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * Keeps the desired state in one JSON file. A write is whole or not at all: a new file is synced and then renamed over
 * the old one. Owned by the control thread, but for {@link #commit()}.
 */
public final class StateStore {
    private static final int VERSION = 1;

    /** The file's content. */
    private record Document(int version, List<NetworkSpec> networks, List<EndpointSpec> endpoints,
                            List<PortMapSpec> portMaps, List<PoolSpec> pools, List<VtepSpec> vteps) {
    }

    private final JsonMapper json = JsonMapper.builder().build();
    private final Path file;
    private volatile byte[] staged;
    /** What of that is on the disk. Guarded by the file's lock. */
    private byte[] written;

    /**
     * @param folder is made when it is not there.
     * @throws UncheckedIOException when it cannot be made.
     */
    public StateStore(final Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot make the state folder " + folder + ": " + ex.getMessage(), ex);
        }
        file = folder.resolve("state.json");
    }

    /**
     * What was saved last; empty when nothing was.
     *
     * @throws UncheckedIOException when the file is there and cannot be read: it is left as it is.
     */
    public DesiredState load() {
        final DesiredState state = new DesiredState();
        if (!Files.exists(file)) {
            return state;
        }
        try {
            final Document document = json.readValue(file.toFile(), Document.class);
            if (document == null || document.version() != VERSION) {
                throw new IOException("its version is not " + VERSION);
            }
            if (document.networks() == null || document.endpoints() == null) {
                throw new IOException("it lacks the networks or the endpoints");
            }
            document.networks().forEach(state::put);
            document.endpoints().forEach(state::put);
            // A state of before there were such things lacks them.
            if (document.portMaps() != null) {
                document.portMaps().forEach(state::put);
            }
            if (document.pools() != null) {
                document.pools().forEach(state::put);
            }
            if (document.vteps() != null) {
                document.vteps().stream().collect(Collectors.groupingBy(VtepSpec::network)).forEach(state::putVteps);
            }
            return state;
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot read the saved state " + file + ": " + ex.getMessage()
                + "; repair it, or move it away to start with nothing", ex);
        }
    }

    /**
     * Saves the state: after this, it is on the disk.
     *
     * @throws UncheckedIOException when it cannot be written; what was saved before is then still there.
     */
    public void save(final DesiredState state) {
        stage(state);
        commit();
    }

    /** Takes the state to be saved with the next {@link #commit()}, whoever calls it. */
    public void stage(final DesiredState state) {
        try {
            staged = json.writerWithDefaultPrettyPrinter().writeValueAsBytes(
                new Document(VERSION, List.copyOf(state.networks()), List.copyOf(state.endpoints()),
                    state.portMaps(), List.copyOf(state.pools()), state.vteps()));
        } catch (final JsonProcessingException ex) {
            throw new UncheckedIOException("cannot encode the state: " + ex.getMessage(), ex);
        }
    }

    /**
     * Writes what was staged last: several changes that wait for the disk at one time wait once. Any thread may call
     * it; it waits for the disk.
     *
     * @throws UncheckedIOException when it cannot be written; what was saved before is then still there.
     */
    public void commit() {
        synchronized (file) {
            final byte[] bytes = staged;
            if (bytes != written) {
                write(bytes);
                written = bytes;
            }
        }
    }

    private void write(final byte[] bytes) {
        final Path draft = file.resolveSibling("state.json.new");
        try {
            Files.write(draft, bytes);
            sync(draft, StandardOpenOption.WRITE);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            sync(file.getParent(), StandardOpenOption.READ);
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot save the state to " + file + ": " + ex.getMessage(), ex);
        }
    }

    private static void sync(final Path fileOrFolder, final StandardOpenOption mode) throws IOException {
        try (FileChannel channel = FileChannel.open(fileOrFolder, mode)) {
            channel.force(true);
        }
    }
}
