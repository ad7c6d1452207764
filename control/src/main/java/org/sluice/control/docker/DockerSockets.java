package org.sluice.control.docker;

import java.nio.file.Path;

import org.jspecify.annotations.Nullable;

/**
 * Where we and Docker meet.
 *
 * @param plugin where Docker calls us: its name, less .sock, is the driver's. Null to serve no Docker.
 * @param engine where Docker's API is, for the names that its users know.
 */
public record DockerSockets(@Nullable Path plugin, Path engine) {
}
