package org.sluice.control.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostSocketsTest {
    @TempDir
    private Path proc;

    @Test
    void shouldEscapeTheNameOfAProcess() throws IOException {
        assertEquals("\\u001b]0;pwned\\u0007 (pid 42)",
            describe("\033]0;pwned\007\n".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void shouldNameAProcessWhoseNameIsNoUtf8() throws IOException {
        assertEquals("a\ufffd (pid 42)", describe(new byte[] {'a', (byte) 0xff, '\n'}));
    }

    private String describe(final byte[] name) throws IOException {
        final Path process = Files.createDirectory(proc.resolve("42"));
        Files.write(process.resolve("comm"), name);
        return HostSockets.describe(process);
    }
}
