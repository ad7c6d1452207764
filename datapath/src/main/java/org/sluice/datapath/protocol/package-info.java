/**
 * Views of protocol headers in raw memory, from Ethernet to VXLAN, with the Internet checksum, and addresses as
 * numbers.
 * <p>
 * Each flyweight has its header's layout in its class comment. It allocates nothing: the thread that owns it wraps it
 * around one header after the other. The other classes are static helpers for any thread. The package uses no other.
 * Start with {@link Flyweight}, then read {@link Ipv4Flyweight} as an example.
 */
package org.sluice.datapath.protocol;
