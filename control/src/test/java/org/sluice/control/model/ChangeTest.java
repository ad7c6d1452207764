package org.sluice.control.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangeTest {
    private static final PoolSpec POOL =
        new PoolSpec("local/10.9.0.0/24", IpPrefix.parse("10.9.0.0/24"), IpPrefix.parse("10.9.0.0/24"), 1, List.of(),
            List.of());

    @TempDir
    private Path folder;
    private StateStore store;
    private final List<String> takenBack = new ArrayList<>();

    @BeforeEach
    void open() {
        store = StateStore.open(folder);
    }

    @Test
    void shouldSaveWhatItHasDone() {
        try (Change change = store.change()) {
            put(change);
            change.save();
        }

        assertEquals(List.of(), takenBack);
        assertEquals(List.of(POOL), poolsOnDisk());
    }

    @Test
    void shouldTakeItsStepsBackInReverse() {
        try (Change change = store.change()) {
            put(change);
            change.undo(() -> takenBack.add("last"));
        }

        assertEquals(List.of("last", "pool"), takenBack);
        assertEquals(List.of(), poolsOnDisk());
    }

    @Test
    void shouldTakeTheOtherStepsBackAfterOneThatFails() {
        try (Change change = store.change()) {
            put(change);
            change.undo(() -> {
                throw new IllegalStateException("on purpose: this stack trace is no failure");
            });
        }

        assertEquals(List.of("pool"), takenBack);
    }

    @Test
    void shouldTakeBackWhatCannotBeSaved() throws Exception {
        final Path obstacle = Files.createDirectories(folder.resolve("state.json.new"));
        try (Change change = store.change()) {
            put(change);
            assertThrows(UncheckedIOException.class, change::save);
        }

        Files.delete(obstacle);
        store.commit();

        assertEquals(List.of("pool"), takenBack);
        assertEquals(List.of(), poolsOnDisk(), "the next one to write does not write it either");
    }

    @Test
    void shouldLeaveTheDiskToALaterCommit() {
        try (Change change = store.change()) {
            put(change);
            change.stage();
        }
        assertEquals(List.of(), poolsOnDisk());

        store.commit();

        assertEquals(List.of(), takenBack);
        assertEquals(List.of(POOL), poolsOnDisk());
    }

    private void put(final Change change) {
        store.state().put(POOL);
        change.undo(() -> {
            store.state().removePool(POOL.id());
            takenBack.add("pool");
        });
    }

    private List<PoolSpec> poolsOnDisk() {
        return List.copyOf(StateStore.open(folder).state().pools());
    }
}
