package org.sluice.control.engine;

import java.nio.file.Path;

/**
 * How the daemon runs.
 *
 * @param runDir   sockets and mapped files; made when it is not there.
 * @param stateDir what outlives the daemon.
 * @param busy     workers spin all the time, instead of sleeping when there is nothing to do.
 * @param workers  forwarding threads, at least 1.
 */
public record EngineOptions(Path runDir, Path stateDir, boolean busy, int workers) {
}
