package org.sluice.testbed;

import org.sluice.linux.testbed.TestNamespace;

/** A host with a real dockerd, on a wire. */
public interface DockerParityHost extends AutoCloseable {
    DockerEngine engine();

    TestNamespace namespace();

    /** The network driver that is compared. */
    String driver();

    /** Ends the switch, if there is one, and starts it anew. */
    void restartSwitch();

    /** The same without a warning. */
    void killSwitch();

    @Override
    void close();
}
