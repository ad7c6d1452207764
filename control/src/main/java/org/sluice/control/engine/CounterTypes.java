package org.sluice.control.engine;

/** Type ids in the counters file: what a counter belongs to. */
final class CounterTypes {
    static final int WORKER = 1;
    static final int DROP_REASON = 2;
    static final int NETWORK = 3;
    static final int PORT = 4;

    private CounterTypes() {
    }
}
