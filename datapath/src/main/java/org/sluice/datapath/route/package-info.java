/**
 * Layer 3: the routing policy, routes, next hops, and neighbours.
 * <p>
 * The {@link Fib} has the endpoints, the host's own addresses, the rules and the routes, which control mirrors from the
 * kernel. It finds a packet's {@link Route}, and resolves it to a {@link NextHop}: a port and an Ethernet header.
 * {@link PendingPackets} wait for a neighbour's MAC address.
 * <p>
 * The worker owns everything; control's commands fill it. Only a connection's first packet looks up a route. Start with
 * {@link Fib}.
 */
package org.sluice.datapath.route;
