package org.sluice.datapath.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import net.openhft.chronicle.core.io.BackgroundResourceReleaser;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OffHeapRegionTest {
    @TempDir
    private Path folder;

    @Test
    void shouldGiveZeroedMemoryAlignedToACacheLine() {
        for (int size = 1; size < 300; size++) {
            try (OffHeapRegion region = OffHeapRegion.anonymous(size)) {
                assertEquals(0, region.address() % OffHeapRegion.CACHE_LINE_BYTES);
                for (int i = 0; i < size; i++) {
                    assertEquals(0, region.slice(i, 1).getByte(0));
                }
                region.slice(0, size).setMemory(0, size, (byte) 1);
            }
        }
    }

    @Test
    void shouldShareAFileWithAnotherMapping() throws Exception {
        final Path file = folder.resolve("shared.dat");
        try (OffHeapRegion one = OffHeapRegion.mapped(file, 10_000);
            OffHeapRegion two = OffHeapRegion.mapped(file, 10_000)) {
            one.slice(9_992, 8).putLong(0, 77);
            assertEquals(77, two.slice(9_992, 8).getLong(0));
        }
        assertTrue(Files.size(file) >= 10_000);
        try (OffHeapRegion again = OffHeapRegion.mapped(file, 10_000)) {
            assertEquals(77, again.slice(9_992, 8).getLong(0));
        }
    }

    /** Otherwise a full file system would be an error in the middle of the worker's work. */
    @Test
    void shouldOccupyTheSpaceOfItsFile() throws Exception {
        final Path file = folder.resolve("whole.dat");
        Files.write(file, new byte[] {1, 2, 3});
        try (OffHeapRegion region = OffHeapRegion.mapped(file, 3_000_000)) {
            assertEquals(0x030201, region.slice(0, 8).getLong(0));
            final Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
            final String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).trim();
            assertTrue(Long.parseLong(blocks) * 512 >= 3_000_000, blocks);
        }
    }

    @Test
    void shouldUnmapTheFileWhenItIsClosed() throws Exception {
        final Path file = folder.resolve("closed.dat");
        final OffHeapRegion region = OffHeapRegion.mapped(file, 10_000);
        assertTrue(isMapped(file));
        region.close();
        BackgroundResourceReleaser.releasePendingResources();
        assertFalse(isMapped(file));
    }

    private static boolean isMapped(final Path file) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream().anyMatch(line -> line.contains(file.toString()));
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        assertThrows(IllegalArgumentException.class, () -> OffHeapRegion.anonymous(0));
        assertThrows(UncheckedIOException.class, () -> OffHeapRegion.mapped(folder.resolve("no/such/file"), 100));
        try (OffHeapRegion region = OffHeapRegion.anonymous(100)) {
            assertThrows(IllegalArgumentException.class, () -> region.slice(93, 8));
            assertThrows(IllegalArgumentException.class, () -> region.slice(-1, 8));
        }
    }
}
