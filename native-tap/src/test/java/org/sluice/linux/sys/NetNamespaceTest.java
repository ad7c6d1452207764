package org.sluice.linux.sys;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

class NetNamespaceTest {
    @TempDir
    private Path folder;

    @Test
    void shouldFindByNameByPathAndByPid() {
        assertEquals(Path.of("/run/netns/blue"), NetNamespace.pathOf("blue"));
        assertEquals(Path.of("/tmp/x"), NetNamespace.pathOf("/tmp/x"));
        assertEquals(Path.of("/proc/17/ns/net"), NetNamespace.pathOfPid(17));
    }

    @Test
    @RequiresRoot
    void shouldRunATaskInsideAndLeaveTheCallerOutside() throws Exception {
        final Path here = Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net"));
        try (TestNamespace namespace = new TestNamespace(); NetNamespace opened = namespace.open()) {
            final Path inside = opened.call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")));
            assertNotEquals(here, inside);
            assertEquals("net:[" + opened.inode() + "]", inside.toString());
            assertEquals(here, Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")));
        }
    }

    @Test
    @RequiresRoot
    void shouldHandTheTasksOwnExceptionOn() {
        try (TestNamespace namespace = new TestNamespace(); NetNamespace opened = namespace.open()) {
            assertThrows(ArithmeticException.class, () -> opened.call(() -> {
                throw new ArithmeticException();
            }));
        }
    }

    @Test
    void shouldSayWhyItCannotBeEntered() throws Exception {
        assertMessage("ENOENT", Path.of("/run/netns/no-such-namespace"));
        assertMessage("setns", Files.createFile(folder.resolve("plain-file")));
    }

    @Test
    @RequiresRoot
    void shouldNotBlockOnAFifo() {
        final Path fifo = folder.resolve("fifo");
        TestNamespace.run("mkfifo", fifo.toString());
        assertMessage("EINVAL", fifo);
    }

    private static void assertMessage(final String part, final Path path) {
        final NamespaceException ex = assertThrows(NamespaceException.class, () -> NetNamespace.open(path));
        assertTrue(ex.getMessage().contains(part), ex.getMessage());
        assertTrue(ex.getMessage().contains(path.toString()), ex.getMessage());
    }
}
