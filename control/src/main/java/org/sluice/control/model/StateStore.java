package org.sluice.control.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.jspecify.annotations.Nullable;

/**
 * Holds the desired state and keeps it in one JSON file. A write is whole or not at all: a new file is synced and then
 * renamed over the old one. Owned by the control thread, but for {@link #commit()}.
 */
public final class StateStore {
    private static final int VERSION = 1;

    /** The file's content; a state of an earlier version lacks what came later. */
    private record Document(int version, @Nullable List<NetworkSpec> networks,
                            @Nullable List<EndpointSpec> endpoints,
                            @Nullable List<PortMapSpec> portMaps, @Nullable List<PoolSpec> pools,
                            @Nullable List<VtepSpec> vteps) {
    }

    private final JsonMapper json = JsonMapper.builder().build();
    private final Path folder;
    private final Path file;
    private final DesiredState state;
    /** The file's next content; null where the file has it already. */
    private final AtomicReference<byte @Nullable []> staged = new AtomicReference<>();

    private StateStore(final Path folder) {
        this.folder = folder;
        file = folder.resolve("state.json");
        state = load();
    }

    /**
     * Reads what was saved last; the state is empty when nothing was.
     *
     * @param folder is made when it is not there.
     * @throws UncheckedIOException when the folder cannot be made, or the file is there and cannot be read: it is left
     *                              as it is.
     */
    public static StateStore open(final Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (final IOException ex) {
            throw new UncheckedIOException("cannot make the state folder " + folder + ": " + ex.getMessage(), ex);
        }
        return new StateStore(folder);
    }

    /** The state as it is now, saved or not. */
    public DesiredState state() {
        return state;
    }

    /** Begins a change, which saves what it does or takes it back. */
    public Change change() {
        return new Change(this);
    }

    private DesiredState load() {
        final DesiredState loaded = new DesiredState();
        if (!Files.exists(file)) {
            return loaded;
        }
        try {
            final Document document = json.readValue(file.toFile(), Document.class);
            if (document == null || document.version() != VERSION) {
                throw new IOException("its version is not " + VERSION);
            }
            if (document.networks() == null || document.endpoints() == null) {
                throw new IOException("it lacks the networks or the endpoints");
            }
            document.networks().forEach(loaded::put);
            document.endpoints().forEach(loaded::put);
            // A state of before there were such things lacks them.
            if (document.portMaps() != null) {
                document.portMaps().forEach(loaded::put);
            }
            if (document.pools() != null) {
                document.pools().forEach(loaded::put);
            }
            if (document.vteps() != null) {
                document.vteps().stream().collect(Collectors.groupingBy(VtepSpec::network)).forEach(loaded::putVteps);
            }
            return loaded;
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
    public void save() {
        stage();
        commit();
    }

    /** Takes the state as it is now, to be saved with the next {@link #commit()}. */
    public void stage() {
        try {
            staged.set(json.writerWithDefaultPrettyPrinter().writeValueAsBytes(
                new Document(VERSION, List.copyOf(state.networks()), List.copyOf(state.endpoints()),
                    state.portMaps(), List.copyOf(state.pools()), state.vteps())));
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
            final byte @Nullable [] bytes = staged.get();
            if (bytes != null) {
                write(bytes);
                // Unless something newer was staged meanwhile. After a failure the next commit tries again.
                staged.compareAndSet(bytes, null);
            }
        }
    }

    private void write(final byte[] bytes) {
        final Path draft = file.resolveSibling("state.json.new");
        try {
            Files.write(draft, bytes);
            sync(draft, StandardOpenOption.WRITE);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            sync(folder, StandardOpenOption.READ);
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
