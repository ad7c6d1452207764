package org.sluice.linux.testbed;

import org.sluice.linux.sys.NetNamespace;

/** A network namespace that a test can enter. */
@FunctionalInterface
public interface NamespaceHandle {
    /** Opens it as the product does. */
    NetNamespace open();
}
