package org.sluice.control.model;

import java.net.InetAddress;

/**
 * What a network has of Docker, for one that Docker made.
 *
 * @param id              Docker's.
 * @param hostAddress     where ports are published that name no address of the host's; null for all.
 * @param interfacePrefix what the interfaces in containers are called, before a number.
 */
public record DockerNetwork(String id, InetAddress hostAddress, String interfacePrefix) {
}
