package org.sluice.bench;

import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/** Says that ports have frames, one after the other in turn, always. */
final class TurnPoller implements DevicePoller {
    private final int[] allPorts;
    private int[] ports;
    private int turn;

    TurnPoller(final int... ports) {
        allPorts = ports;
        this.ports = ports;
    }

    /** From now on only this port has frames. */
    void only(final int port) {
        if (ports.length != 1 || ports[0] != port) {
            ports = new int[] {port};
            turn = 0;
        }
    }

    /** From now on no port has. */
    void none() {
        ports = new int[0];
    }

    /** From now on all ports have, the first one next. */
    void inTurn() {
        ports = allPorts;
        turn = ports.length - 1;
    }

    @Override
    public void add(final int portIndex, final PacketDevice device) {
        // There is nothing to watch.
    }

    @Override
    public void remove(final int portIndex, final PacketDevice device) {
        // There is nothing to watch.
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
        // It never sleeps.
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
