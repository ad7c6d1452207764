package org.sluice.datapath.tunnel;

/**
 * A worker's part in the overlay networks: who is where, and both ways through the tunnel. Owned by the worker.
 */
public record Tunnel(VtepTable vteps, Encapsulator encapsulator, Decapsulator decapsulator) implements AutoCloseable {
    @Override
    public void close() {
        encapsulator.close();
        decapsulator.close();
    }
}
