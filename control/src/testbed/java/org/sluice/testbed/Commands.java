package org.sluice.testbed;

import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.TestNamespace;

/** Runs commands in namespaces that need not have a name, such as those of Docker's containers. */
final class Commands {
    private Commands() {
    }

    /** Runs a command and returns its output; a status other than 0 fails the test. */
    static String run(final NamespaceHandle namespace, final String... command) {
        return Peers.in(namespace, () -> TestNamespace.run(command));
    }

    /** Deletes an interface. It is no error if the interface is absent, or is just going with its namespace. */
    static void deleteLink(final NamespaceHandle namespace, final String name) {
        run(namespace, "sh", "-c", "ip link del " + name + " 2>/dev/null || ! ip link show " + name + " 2>/dev/null");
    }
}
