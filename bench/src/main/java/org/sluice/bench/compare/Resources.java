package org.sluice.bench.compare;

import java.util.ArrayDeque;
import java.util.Deque;

import org.sluice.linux.testbed.TestNamespace;

/** What a scene has made, closed in the opposite order; what cannot be closed does not keep the rest. */
final class Resources implements AutoCloseable {
    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    <T extends AutoCloseable> T keep(final T resource) {
        open.push(resource);
        return resource;
    }

    /** A namespace, with its loopback interface up. */
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
                failed = failed == null ? new AssertionError("not all could be removed", ex) : failed;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
