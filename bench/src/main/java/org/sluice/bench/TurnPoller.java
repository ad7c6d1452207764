package org.sluice.bench;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/** Reports ports as ready, one after the other in turn, always. Used by one thread. */
final class TurnPoller implements DevicePoller {
    private final int[] allPorts;
    private int[] ports;
    private int turn;

    TurnPoller(final int... ports) {
        allPorts = ports;
        this.ports = ports;
    }

    /** From now on only this port is ready. */
    void only(final int port) {
        if (ports.length != 1 || ports[0] != port) {
            ports = new int[] {port};
            turn = 0;
        }
    }

    /** From now on no port is ready. */
    void none() {
        ports = new int[0];
    }

    /** From now on all ports are ready in turn, starting with the first. */
    void inTurn() {
        ports = allPorts;
        turn = ports.length - 1;
    }

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        // Nothing to watch.
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        // Nothing to watch.
    }

    @Override
    public int poll(final int[] ready, final int timeoutMs) {
        if (ports.length == 0) {
            return 0;
        }
        turn = turn + 1 == ports.length ? 0 : turn + 1;
        ready[0] = ports[turn];
        return 1;
    }

    @Override
    public void wakeUp() {
        // Never sleeps.
    }

    @Override
    public void close() {
        // Holds nothing.
    }
}
