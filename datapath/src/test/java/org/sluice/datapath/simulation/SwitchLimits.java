package org.sluice.datapath.simulation;

import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.nat.NatPorts;

/**
 * How large the switch's tables are. Small ones are filled, and must stay within their bounds.
 *
 * @param macsOfPort how many MAC addresses one port may teach.
 */
record SwitchLimits(int fdbCapacity, int macsOfPort, ConntrackConfig conntrack, NatPorts natPorts) {
    static final int FIRST_NAT_PORT = 50_000;

    static SwitchLimits random(final Dice dice) {
        final int connections = dice.chance(50) ? 256 : 1024;
        return new SwitchLimits(dice.chance(30) ? 64 : 1024, dice.between(4, 64),
            new ConntrackConfig(connections, connections / 2, true, dice.chance(50),
                ConntrackConfig.defaultTimeouts()), new NatPorts(FIRST_NAT_PORT,
                FIRST_NAT_PORT + dice.between(400, 999)));
    }
}
