/**
 * Hosts, networks and peers that integration tests and the comparison in bench build from network namespaces.
 * <p>
 * The classes stand for things of the real world:
 * <ul>
 * <li>a host that runs Sluice ({@link org.sluice.testbed.SluiceHost}), with Docker on top of it
 * ({@link org.sluice.testbed.DockerHost});
 * <li>the network around a host ({@link org.sluice.testbed.Lan}), with clients and servers on it
 * ({@link org.sluice.testbed.Peers}, {@link org.sluice.testbed.BulkTransfer});
 * <li>hosts that span an overlay network, made by Sluice, the kernel or Open vSwitch
 * ({@link org.sluice.testbed.OverlayBed}, {@link org.sluice.testbed.VxlanHost});
 * <li>hosts to compare Sluice with, where the kernel or Docker does the same work
 * ({@link org.sluice.testbed.ParityHost}, {@link org.sluice.testbed.DockerParityHost}).
 * </ul>
 * Every object belongs to the test that makes it, runs on the test's thread unless it says otherwise, and removes what
 * it has made when the test closes it. Everything happens in namespaces; the machine's own network stays as it is.
 * <p>
 * Start with {@link org.sluice.testbed.SluiceHost}, and with SwitchingIT, the simplest test that uses it.
 */
package org.sluice.testbed;
