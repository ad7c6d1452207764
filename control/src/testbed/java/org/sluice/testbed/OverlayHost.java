package org.sluice.testbed;

import org.sluice.linux.testbed.NamespaceHandle;
import org.sluice.linux.testbed.TestNamespace;

/**
 * One host of an overlay in an interop suite, whatever makes the overlay there. The test has already put an underlay
 * interface with its address into the host's namespace.
 */
public interface OverlayHost extends AutoCloseable {
    /** The namespace of the host. Who made it closes it, after this. */
    NamespaceHandle host();

    /**
     * Gives a container's namespace an eth0 on the overlay, up, with the overlay's MTU.
     *
     * @param addresses such as "10.9.0.2/24" and "fd00:9::2/64".
     */
    void attach(NamespaceHandle container, String mac, String... addresses);

    /** Takes the eth0 away again. */
    void detach(NamespaceHandle container);

    /** Another host of the overlay, by its address on the underlay: what has no known place is flooded to it. */
    void addPeer(String underlayAddress);

    @Override
    void close();

    /**
     * What fits into one frame of the overlay, after the headers of VXLAN: Ethernet 14, IP 20 or 40, UDP 8 and VXLAN 8.
     *
     * @param underlayAddress of one of the hosts; says which IP it is.
     */
    static int mtu(final String underlayAddress, final int underlayMtu) {
        return underlayMtu - (underlayAddress.contains(":") ? 70 : 50);
    }

    /** Runs a command in a namespace that need not have a name; a status other than 0 fails the test. */
    static String run(final NamespaceHandle namespace, final String... command) {
        return Peers.in(namespace, () -> TestNamespace.run(command));
    }

    /** Deletes an interface. One that is not there, or is just going with its namespace, is no error. */
    static void deleteLink(final NamespaceHandle namespace, final String name) {
        run(namespace, "sh", "-c", "ip link del " + name + " 2>/dev/null || ! ip link show " + name + " 2>/dev/null");
    }
}
