/**
 * Netlink, from the bytes up. {@code NetlinkMessage} builds a request, {@code NetlinkSocket} sends it and reads the
 * answers. {@link org.sluice.linux.netlink.RouteNetlink} does links, addresses, routes and neighbours on top of them;
 * start there. A socket is one thread's; {@link org.sluice.linux.netlink.RouteMonitor} has a thread that listens for
 * changes.
 */
package org.sluice.linux.netlink;
