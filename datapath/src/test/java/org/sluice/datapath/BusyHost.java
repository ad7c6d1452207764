package org.sluice.datapath;

import java.util.BitSet;

import org.sluice.datapath.nat.HostPorts;
import org.sluice.datapath.nat.NatPorts;
import org.sluice.datapath.nat.SourcePorts;

/** A host whose own sockets have all ports that it has not reserved for the switch: the worker has just those. */
public final class BusyHost {
    private BusyHost() {
    }

    /** The ports of a host's only worker. */
    public static SourcePorts only(final NatPorts reserved) {
        final BitSet all = new BitSet();
        all.set(0, 65_536);
        final HostPorts host = new HostPorts();
        host.set(all, all, all, 32_768, 60_999);
        return new SourcePorts(reserved, 0, 1, host);
    }
}
