package org.sluice.datapath.simulation;

/** What tells the packets of one direction of a connection from all others. An echo has an identifier for its port. */
record Tuple(int protocol, Address source, int sourcePort, Address destination, int destinationPort) {
    /** The tuple of the answers. */
    Tuple inverse() {
        return new Tuple(protocol, destination, destinationPort, source, sourcePort);
    }

    Tuple withSource(final Address address, final int port) {
        return new Tuple(protocol, address, port, destination, destinationPort);
    }

    Tuple withDestination(final Address address, final int port) {
        return new Tuple(protocol, source, sourcePort, address, port);
    }

    @Override
    public String toString() {
        return Packet.nameOf(protocol) + " " + source + "#" + sourcePort + ">" + destination + "#" + destinationPort;
    }
}
