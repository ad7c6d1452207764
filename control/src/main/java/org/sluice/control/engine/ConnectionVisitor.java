package org.sluice.control.engine;

/** Receives the connections that {@link SwitchEngine#visitConnections} finds. */
@FunctionalInterface
public interface ConnectionVisitor {
    /**
     * @param position   of the connection among those of all workers; grows from one to the next.
     * @param connection address of a copy, valid during the call.
     * @param nowNs      on the clock of the connections' deadlines.
     * @return whether to go on.
     */
    boolean connection(long position, long connection, long nowNs);
}
