package org.sluice.control.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Settings of the kernel under /proc/sys (proc(5)), of the thread's network namespace. Any thread. */
final class Sysctl {
    private static final int MAX_BYTES = 1 << 20;

    private Sysctl() {
    }

    /** In one read: the kernel gives nothing more to a second one, however little the first has asked for. */
    static String read(final Path setting) throws IOException {
        final byte[] bytes = new byte[MAX_BYTES];
        try (InputStream in = Files.newInputStream(setting)) {
            return new String(bytes, 0, Math.max(0, in.read(bytes)), StandardCharsets.US_ASCII).strip();
        }
    }
}
