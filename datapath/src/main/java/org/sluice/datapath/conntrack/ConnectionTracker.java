package org.sluice.datapath.conntrack;

import java.util.concurrent.TimeUnit;

import org.sluice.datapath.protocol.IpProtocol;

/**
 * Updates a connection with each of its packets: state, deadline, counts. Like the kernel, it takes datagrams both ways
 * for a mere question and answer until two seconds have passed (net/netfilter/nf_conntrack_proto_udp.c). Owned by the
 * worker.
 */
public final class ConnectionTracker {
    private static final long STREAM_AFTER_NS = TimeUnit.SECONDS.toNanos(2);

    private final ConntrackTable table;
    private final TcpTracker tcp;
    private final long[] timeoutsNs;
    private final boolean pickUp;

    public ConnectionTracker(final ConntrackConfig config, final ConntrackTable table) {
        this.table = table;
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
            Connection.streamNs(connection, nowNs + STREAM_AFTER_NS);
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
        final int condition = Connection.condition(connection);
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
            trackOther(connection, direction, protocol, nowNs);
        }
        if (Connection.condition(connection) != condition) {
            table.reassess(connection);
        }
        Connection.account(connection, direction, lengthBytes);
        return TcpTracker.Verdict.ACCEPTED;
    }

    private void trackOther(final long connection, final int direction, final int protocol, final long nowNs) {
        if (direction == Connection.REPLY) {
            Connection.addStatus(connection, Connection.SEEN_REPLY);
        }
        if (Connection.has(connection, Connection.SEEN_REPLY) && !isIcmp(protocol)
            && nowNs - Connection.streamNs(connection) > 0) {
            Connection.addStatus(connection, Connection.ASSURED);
        }
        final boolean stream = Connection.has(connection, Connection.ASSURED);
        Connection.deadlineNs(connection, nowNs + timeoutsNs[timeoutOf(protocol, stream).ordinal()]);
    }

    private static boolean isIcmp(final int protocol) {
        return protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6;
    }

    private static ConntrackTimeout timeoutOf(final int protocol, final boolean stream) {
        return switch (protocol) {
            case IpProtocol.UDP -> stream ? ConntrackTimeout.UDP_STREAM : ConntrackTimeout.UDP;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> ConntrackTimeout.ICMP;
            case IpProtocol.SCTP -> ConntrackTimeout.SCTP;
            default -> ConntrackTimeout.GENERIC;
        };
    }
}
