package org.sluice.control.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.linux.testbed.RequiresRoot;

/**
 * Runs the commands of docs/tour.md, line by line, in one shell that stops at the first failure. The shell has network,
 * mount and process namespaces of its own, so all that the tour makes ends with it, and two runs never meet.
 */
@RequiresRoot
class TourIT {
    private static final String LANGUAGE = "sh tour";
    private static final long END_SECONDS = 120;
    private static final String PREPARE = """
        mount -t tmpfs tmpfs /run/netns
        ip link set lo up
        set -ev
        """;

    @Test
    void shouldRunAsThePageShowsIt(@TempDir final Path folder) throws Exception {
        final List<String> tours = MarkdownFile.read("docs/tour.md").blocks().stream()
            .filter(block -> LANGUAGE.equals(block.language())).map(MarkdownFile.Block::text).toList();
        assertEquals(1, tours.size(), "blocks that begin with ```" + LANGUAGE);
        final Path script = Files.writeString(folder.resolve("tour.sh"), PREPARE + tours.getFirst());
        final Path log = folder.resolve("log");

        final Process shell = start(folder, script, log);
        try {
            assertTrue(shell.waitFor(END_SECONDS, TimeUnit.SECONDS), () -> "it does not end:\n" + read(log));
        } finally {
            shell.destroyForcibly();
        }

        assertEquals(0, shell.exitValue(), () -> read(log));
    }

    private static Process start(final Path folder, final Path script, final Path log) throws IOException {
        Files.createDirectories(Path.of("/run/netns"));
        final Path bin = Files.createDirectory(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("sluice"), Path.of(System.getProperty("sluice.launcher")));
        final ProcessBuilder builder = new ProcessBuilder("unshare", "--net", "--mount", "--pid", "--fork",
            "--kill-child", "--mount-proc", "bash", script.toString());
        builder.environment().put("PATH", bin + ":" + System.getenv("PATH"));
        builder.environment().put("SLUICE_RUN_DIR", folder.resolve("run").toString());
        builder.environment().put("SLUICE_STATE_DIR", folder.resolve("state").toString());
        return builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    private static String read(final Path log) {
        try {
            return Files.readString(log);
        } catch (final IOException ex) {
            return ex.toString();
        }
    }
}
