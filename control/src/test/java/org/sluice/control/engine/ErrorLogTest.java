package org.sluice.control.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrorLogTest {
    @Test
    void shouldCountErrorsOfOnePlaceAsOneWhateverTheirMessagesSay(@TempDir final Path folder) {
        try (ErrorLog log = new ErrorLog(folder.resolve("errors.dat"))) {
            for (int i = 0; i < 10_000; i++) {
                log.onError(new IllegalStateException("frame " + i));
            }
            log.onError(new IllegalArgumentException("another fault"));

            assertEquals(2, log.entries().size(), "one entry a place, and room for the next fault");
            assertEquals(10_000, log.entries().getFirst().count());
            assertTrue(log.entries().get(1).message().contains("another fault"));
        }
    }
}
