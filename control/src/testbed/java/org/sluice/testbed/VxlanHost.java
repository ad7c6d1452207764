package org.sluice.testbed;

import org.sluice.linux.testbed.NamespaceHandle;

/**
 * Stands for one host of an overlay network. Sluice, the kernel or Open vSwitch makes the overlay there, so that one
 * test can try any pair of them. The test has put an underlay interface with its address into the host's namespace
 * before.
 */
public interface VxlanHost extends AutoCloseable {
    /** The namespace of the host. Its maker closes it after this. */
    NamespaceHandle host();

    /**
     * Gives a container's namespace an eth0 on the overlay, up, with the overlay's MTU.
     *
     * @param addresses such as "10.9.0.2/24" and "fd00:9::2/64".
     */
    void attach(NamespaceHandle container, String mac, String... addresses);

    /** Takes the eth0 away again. */
    void detach(NamespaceHandle container);

    /** Adds another host by its address on the underlay. Frames with an unknown destination are flooded to it. */
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
}
