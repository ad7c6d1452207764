package org.sluice.control.model;

import java.nio.file.Path;

import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.nat.NatPorts;

/**
 * How the daemon runs.
 *
 * @param runDir    sockets and mapped files; made when it is not there.
 * @param stateDir  what outlives the daemon.
 * @param busy      workers spin all the time, instead of sleeping when there is nothing to do.
 * @param workers   forwarding threads, at least 1.
 * @param uplinks   the interfaces that lead to the world.
 * @param natPorts  source ports that translated connections get; reserved from the host.
 * @param conntrack of each worker.
 * @param vxlanPort UDP port that the tunnels of overlay networks end in, here and on the other hosts.
 */
public record DaemonOptions(Path runDir, Path stateDir, boolean busy, int workers, UplinkChoice uplinks,
                            NatPorts natPorts, ConntrackConfig conntrack, int vxlanPort) {
}
