package org.sluice.bench.compare;

import java.util.ArrayDeque;
import java.util.Deque;

import org.sluice.linux.testbed.TestNamespace;

/**
 * The resources of a scene. They are closed in the opposite order; a failure to close one does not keep the others.
 * Used by one thread.
 */
final class Resources implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    <T extends AutoCloseable> T keep(final T resource) {
        open.push(resource);
        return resource;
    }

    /** Makes a namespace, with its loopback interface up. */
    TestNamespace namespace() {
        final TestNamespace namespace = keep(new TestNamespace());
        namespace.exec("ip", "link", "set", "lo", "up");
        return namespace;
    }

    @Override
    public void close() {
        AssertionError failed = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (final Exception | AssertionError ex) {
                failed = failed == null ? new AssertionError("could not remove everything", ex) : failed;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
