/**
 * Docker's plugin. {@code PluginService} takes each call on a thread of its own; {@code NetworkDriver} and
 * {@code IpamDriver} translate it; {@code DockerNetworks} and {@code DockerEndpoints} do the work, and visit the
 * control thread for what touches the state. {@link org.sluice.control.docker.DockerWatch} asks Docker for the names
 * that its users know, and finds what Docker has forgotten. Start with {@link org.sluice.control.docker.Docker}, which
 * puts them together.
 */
package org.sluice.control.docker;
