/**
 * The host's interfaces that lead to the world. {@link org.sluice.control.uplink.UplinkManager} opens them,
 * {@code PortSteering} says which packets they take from the host, and {@link org.sluice.control.uplink.RouteMirror}
 * gives the workers the kernel's rules, routes and neighbours: {@code PolicyTranslator}, {@code RouteTranslator} and
 * {@code MasqueradeSources} turn them into what the datapath knows. Owned by the control thread; a thread named
 * {@code leases} renews, every second, the lease under which the kernel hands packets to the switch.
 */
package org.sluice.control.uplink;
