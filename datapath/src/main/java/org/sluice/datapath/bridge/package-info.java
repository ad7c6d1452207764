/**
 * Layer 2: networks, their ports, and the forwarding database.
 * <p>
 * A {@link BridgeDomain} is one network, and a {@link Port} is a place where its frames enter and leave. The
 * {@link Fdb} tells which port a MAC address is behind. Its memory may be a mapped file: {@link FdbLayout} and
 * {@link FdbEntry} describe it, and {@link FdbReader} reads it from any other thread or process.
 * <p>
 * The worker owns everything but the reader. Start with {@link Fdb}.
 */
package org.sluice.datapath.bridge;
