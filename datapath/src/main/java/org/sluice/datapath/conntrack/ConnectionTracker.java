package org.sluice.datapath.conntrack;

import org.sluice.datapath.protocol.IpProtocol;

/** Updates a connection with each of its packets: state, deadline, counts. Owned by the worker. */
public final class ConnectionTracker {
    private final TcpTracker tcp;
    private final long[] timeoutsNs;
    private final boolean pickUp;

    public ConnectionTracker(final ConntrackConfig config) {
        timeoutsNs = config.timeoutsNs();
        pickUp = config.pickUp();
        tcp = new TcpTracker(timeoutsNs, config.strict());
    }

    /** Whether a TCP packet with these flags may open a connection. */
    public boolean mayOpenTcp(final int flags) {
        return TcpTracker.mayOpen(flags, pickUp);
    }

    /** Whether a TCP may send these flags together. */
    public static boolean isPossibleTcp(final int flags) {
        return TcpState.isPossible(flags);
    }

    /** Starts a new connection with its first packet. */
    public void open(final long connection, final int protocol, final long l4Address, final int l4Length,
                     final int lengthBytes, final long nowNs) {
        Connection.account(connection, Connection.ORIGINAL, lengthBytes);
        if (protocol == IpProtocol.TCP) {
            tcp.open(connection, l4Address, l4Length, nowNs);
        } else {
            Connection.deadlineNs(connection, nowNs + timeoutsNs[timeoutOf(protocol, false).ordinal()]);
        }
    }

    /**
     * Updates a connection with a further packet.
     *
     * @param l4Address   address of its layer-4 header; 0 for a later fragment, which only keeps the connection alive.
     * @param l4Length    from there to the packet's end.
     * @param lengthBytes length of the packet, for the counts.
     */
    public TcpTracker.Verdict track(final long connection, final int direction, final int protocol,
                                    final long l4Address, final int l4Length, final int lengthBytes,
                                    final long nowNs) {
        if (protocol == IpProtocol.TCP) {
            if (l4Address != 0) {
                final TcpTracker.Verdict verdict = tcp.track(connection, direction, l4Address, l4Length, nowNs);
                if (verdict != TcpTracker.Verdict.ACCEPTED && verdict != TcpTracker.Verdict.IGNORED) {
                    return verdict;
                }
            }
            if (direction == Connection.REPLY) {
                Connection.addStatus(connection, Connection.SEEN_REPLY);
            }
        } else {
            if (direction == Connection.REPLY) {
                Connection.addStatus(connection, Connection.SEEN_REPLY | Connection.ASSURED);
            }
            final boolean replied = Connection.has(connection, Connection.SEEN_REPLY);
            Connection.deadlineNs(connection, nowNs + timeoutsNs[timeoutOf(protocol, replied).ordinal()]);
        }
        Connection.account(connection, direction, lengthBytes);
        return TcpTracker.Verdict.ACCEPTED;
    }

    private static ConntrackTimeout timeoutOf(final int protocol, final boolean replied) {
        return switch (protocol) {
            case IpProtocol.UDP -> replied ? ConntrackTimeout.UDP_STREAM : ConntrackTimeout.UDP;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> ConntrackTimeout.ICMP;
            case IpProtocol.SCTP -> ConntrackTimeout.SCTP;
            default -> ConntrackTimeout.GENERIC;
        };
    }
}
