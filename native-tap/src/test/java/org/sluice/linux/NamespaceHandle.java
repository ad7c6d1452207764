package org.sluice.linux;

/** A network namespace that a test can enter. */
@FunctionalInterface
public interface NamespaceHandle {
    /** Opens it as the product does. */
    NetNamespace open();
}
