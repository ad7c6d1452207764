package org.sluice.control.docker;

import java.nio.file.Path;

/**
 * Where we and Docker meet.
 *
 * @param plugin where Docker calls us: its name, less .sock, is the driver's. Null to serve no Docker.
 * @param engine where Docker's API is, for the names that its users know.
 */
public record DockerSockets(Path plugin, Path engine) {
}
