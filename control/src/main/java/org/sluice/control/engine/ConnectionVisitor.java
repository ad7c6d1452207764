package org.sluice.control.engine;

/** Receives the connections that {@link SwitchEngine#visitConnections} finds. */
@FunctionalInterface
public interface ConnectionVisitor {
    /** The connection is a copy, valid during the call. */
    void connection(long connection, long nowNs);
}
