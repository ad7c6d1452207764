package org.sluice.linux.testbed;

import org.sluice.linux.sys.NetNamespace;

/** A network namespace that a test can enter. */
@FunctionalInterface
public interface NamespaceHandle {
    /** Opens the namespace as the daemon does. */
    NetNamespace open();
}
