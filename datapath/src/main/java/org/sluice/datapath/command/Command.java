package org.sluice.datapath.command;

import org.sluice.datapath.bridge.PortIdentity;

/** What control may tell a worker. {@link CommandCodec} carries it through the ring, {@link CommandHandler} gets it. */
public sealed interface Command {
    /**
     * Makes a network.
     *
     * @param domainId   from 1, unused.
     * @param gateway    the addresses that the switch answers for.
     * @param counterIds of {@code NetworkCounter}, by ordinal.
     */
    record AddDomain(int domainId, PortIdentity gateway, int[] counterIds) implements Command {
    }

    /** Ends a network that has no ports. */
    record RemoveDomain(int domainId) implements Command {
    }

    /**
     * Takes up the device that lies in the registry under the port's index.
     *
     * @param mtu        layer-3 bytes.
     * @param host       whether it is the network's port into the host.
     * @param guarded    whether frames must come from the identity's addresses; its MAC is then pinned in the FDB.
     * @param counterIds of {@code PortCounter}, by ordinal.
     */
    record AddPort(int portIndex, int domainId, int mtu, boolean host, boolean guarded, PortIdentity identity,
                   int[] counterIds) implements Command {
    }

    /** Lets go of a port and of what was learned behind it. The device may then be closed. */
    record RemovePort(int portIndex) implements Command {
    }

    /**
     * Forgets learned entries.
     *
     * @param domainId of one network, or 0 for all.
     */
    record FlushFdb(int domainId) implements Command {
    }
}
