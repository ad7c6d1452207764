package org.sluice.testbed;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for a host with containers on networks. Sluice or the kernel (bridge and iptables) connects them, so that one
 * scenario can run on both and the outcomes can be compared.
 */
public interface ParityHost extends AutoCloseable {
    /**
     * Makes a network.
     *
     * @param number   third number of its IPv4 subnet, 10.N.0.0/24, whose gateway is the first address.
     * @param ipv6     whether it also has the subnet fdN::/64.
     * @param internal whether it has no way out.
     * @param icc      whether its containers may talk to each other.
     */
    void network(String name, int number, boolean ipv6, boolean internal, boolean icc);

    /** Starts a container with the network's next free address. */
    TestNamespace container(String network, String name);

    /** @param spec as {@code docker run -p} has it, with a host port. */
    void publish(String container, String spec);

    void unpublish(String container, String spec);

    /** The interface by which the network's packets come to the host's kernel, or would come. */
    String interfaceOf(String network);

    /** The namespace of the host's own processes. */
    TestNamespace namespace();

    @Override
    void close();
}
