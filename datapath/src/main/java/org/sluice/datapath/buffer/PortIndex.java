package org.sluice.datapath.buffer;

/** The number by which batches, tables, commands and mapped files know a port of a worker: 0 up to the limit. */
public final class PortIndex {
    /** How many ports a worker can have; also the length of every array that has an element for each port. */
    public static final int LIMIT = 4096;

    private PortIndex() {
    }
}
