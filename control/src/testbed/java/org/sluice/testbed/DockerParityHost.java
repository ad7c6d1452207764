package org.sluice.testbed;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for a host with a real dockerd on a LAN. Its networks are made by Sluice or by Docker's own bridge driver, so
 * that one scenario can run on both and the outcomes can be compared.
 */
public interface DockerParityHost extends AutoCloseable {
    DockerEngine engine();

    TestNamespace namespace();

    /** The network driver under comparison. */
    String driver();

    /** Ends the switch and starts it again. Docker's own bridges have no switch: they do nothing. */
    void restartSwitch();

    /** The same with SIGKILL. */
    void killSwitch();

    @Override
    void close();
}
