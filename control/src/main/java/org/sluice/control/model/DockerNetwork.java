package org.sluice.control.model;

import java.net.InetAddress;

import org.jspecify.annotations.Nullable;

/**
 * The part of a network that only Docker knows, for one that Docker made.
 *
 * @param id              Docker's.
 * @param hostAddress     where ports are published that name no address of the host's; null for all.
 * @param interfacePrefix what the interfaces in containers are called, before a number.
 */
public record DockerNetwork(String id, @Nullable InetAddress hostAddress, @Nullable String interfacePrefix) {
}
