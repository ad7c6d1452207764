package org.sluice.datapath.buffer;

/** The number that identifies a port of a worker in batches, tables, commands and mapped files: 0 up to the limit. */
public final class PortIndex {
    /** How many ports a worker can have. Every array with an element for each port has this length. */
    public static final int LIMIT = 4096;

    private PortIndex() {
    }
}
