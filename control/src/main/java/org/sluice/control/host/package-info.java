/**
 * What control asks of the host's kernel, and does to it. {@link org.sluice.control.host.HostWatch} knows its
 * interfaces, addresses, routes and neighbours, and notifies listeners; {@link org.sluice.control.host.LinkPlumber}
 * makes the interfaces of endpoints; {@link org.sluice.control.host.HostSockets} finds the ports that processes listen
 * on.
 * <p>
 * {@code HostWatch} and {@code ReservedPorts} are the control thread's; any thread may use the others, which wait for
 * the kernel.
 */
package org.sluice.control.host;
