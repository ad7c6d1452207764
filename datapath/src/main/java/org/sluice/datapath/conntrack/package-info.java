/**
 * Connection tracking: the table of connections, the TCP state machine, and fragments.
 * <p>
 * A {@link FlowTuple} identifies one direction of a flow. The {@link ConntrackTable} finds a {@link Connection} by the
 * tuple of either direction. The {@link ConnectionTracker} updates it with each packet, for TCP through the
 * {@link TcpTracker}. The {@link FragmentTable} applies a first fragment's decision to the others.
 * <p>
 * The worker owns everything but {@link ConntrackReader}, through which one other thread reads the table. The table may
 * be a mapped file that survives the daemon. Start with {@link FlowTuple}, then {@link ConntrackTable}.
 */
package org.sluice.datapath.conntrack;
