package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.ChecksumVerifier;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConnectionTracker;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.conntrack.FragmentTable;
import org.sluice.datapath.conntrack.TcpTracker;
import org.sluice.datapath.conntrack.TupleReader;
import org.sluice.datapath.nat.IcmpErrorTranslator;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.TcpFlyweight;

/**
 * Finds the connection of every frame to route and updates it. {@link Admission} decides on a frame without a
 * connection. Reading the tuples, looking them up and updating the connections are separate loops, so that the cache
 * misses of different frames overlap. Owned by the worker.
 */
final class ConntrackStage {
    /** In place of a hash: the frame is a fragment or may be an ICMP error, and needs a closer look. */
    private static final long SPECIAL = 0;
    /** What a fragment costs beside a whole packet, in units of a port's budget. */
    private static final int FRAGMENT_WORK = 2;

    private final TupleReader tuples = new TupleReader();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final TcpFlyweight tcp = new TcpFlyweight();
    private final ChecksumVerifier checksums = new ChecksumVerifier();
    private final IcmpErrorTranslator icmpErrors;
    private final Admission admission;
    private final ConntrackTable connections;
    private final ConnectionTracker tracker;
    private final FragmentTable fragments;
    /** How many connections the table had removed before this burst. */
    private long removalsBefore;
    /** Written so that the compiler does not optimize the loads of the connections away. */
    private long touched;

    ConntrackStage(final WorkerTables tables, final Admission admission, final IcmpErrorTranslator icmpErrors) {
        connections = tables.connections();
        tracker = tables.tracker();
        fragments = tables.fragments();
        this.admission = admission;
        this.icmpErrors = icmpErrors;
    }

    /**
     * Handles the frames whose egress is the gateway.
     *
     * @return how many of them the batch now lists as routed; all others are settled.
     */
    int process(final FrameBatch batch, final Port ingress) {
        select(batch);
        if (batch.routedCount() > 0) {
            removalsBefore = connections.removals();
            loadConnections(batch);
            follow(batch, ingress);
            if (connections.removals() != removalsBefore) {
                dropOrphans(batch);
            }
        }
        return batch.routedCount();
    }

    private void select(final FrameBatch batch) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i) || batch.egress(i) != FrameBatch.EGRESS_GATEWAY) {
                continue;
            }
            batch.connection(i, ConntrackTable.NONE);
            final DropReason reason = checkLayer3(batch, i);
            if (reason != null) {
                batch.drop(i, reason);
                continue;
            }
            tuples.read(batch, i);
            if (batch.etherType(i) == EtherType.IPV6 && FlowTuple.hasMapped(batch.tupleAddress(i))) {
                batch.drop(i, DropReason.MARTIAN_ADDRESS);
                continue;
            }
            batch.tupleHash(i, batch.hasOwnTuple(i) && !batch.isFragment(i)
                ? connections.hash(batch.tupleAddress(i)) : SPECIAL);
            batch.addRouted(i);
        }
    }

    private DropReason checkLayer3(final FrameBatch batch, final int i) {
        if (batch.l3Offset(i) != EthernetFlyweight.LENGTH) {
            return DropReason.VLAN_NOT_ROUTED;
        }
        return batch.etherType(i) == EtherType.IPV4
            && !ipv4.wrap(batch.l3Address(i), batch.l3Available(i)).isChecksumRight()
            ? DropReason.IPV4_CHECKSUM_WRONG : null;
    }

    /**
     * Loads the cache lines that the next loop needs: first the buckets, then the connections. The loops do little
     * else, so that the processor has many misses in flight at a time.
     */
    private void loadConnections(final FrameBatch batch) {
        long loaded = 0;
        final int count = batch.routedCount();
        for (int n = 0; n < count; n++) {
            loaded += connections.touch(batch.tupleHash(batch.routed(n)));
        }
        for (int n = 0; n < count; n++) {
            final int i = batch.routed(n);
            final long ref = connections.candidate(batch.tupleHash(i));
            batch.connection(i, ref);
            if (ref != ConntrackTable.NONE) {
                loaded += ConntrackTable.touchConnection(ref);
            }
        }
        touched = loaded;
    }

    private void follow(final FrameBatch batch, final Port ingress) {
        final int owner = ingress.isUplink() ? 0 : connections.ownerOf(ingress.index());
        for (int n = 0, count = batch.routedCount(); n < count; n++) {
            final int i = batch.routed(n);
            if (batch.tupleHash(i) == SPECIAL) {
                batch.connection(i, ConntrackTable.NONE);
                followSpecial(batch, i, ingress, owner);
                continue;
            }
            final long candidate = batch.connection(i);
            // An earlier frame may have ended the connection, or opened it.
            if (candidate == ConntrackTable.NONE || connections.removals() != removalsBefore
                || !ConntrackTable.isOf(candidate, batch.tupleAddress(i))) {
                batch.connection(i, connections.find(batch.tupleAddress(i), batch.tupleHash(i)));
            }
            follow(batch, i, ingress, owner);
        }
    }

    /** Handles a whole packet, or the first fragment of one. Notes its connection, if it has one. */
    private void follow(final FrameBatch batch, final int i, final Port ingress, final int owner) {
        final long ref = batch.connection(i);
        if (ref == ConntrackTable.NONE) {
            admission.admit(batch, i, ingress);
            return;
        }
        final long connection = Connection.ofRef(ref);
        final int direction = Connection.directionOfRef(ref);
        if (!connections.isAliveFrom(connection, direction, owner, batch.nowNs())) {
            if (connections.isAlive(connection, batch.nowNs())) {
                batch.drop(i, DropReason.INGRESS_MISMATCH);
            } else {
                admission.readmit(batch, i, ingress, connection);
            }
            return;
        }
        final int protocol = batch.l4Protocol(i);
        if (protocol == IpProtocol.TCP) {
            final DropReason reason = checkTcp(batch, i);
            if (reason != null) {
                batch.drop(i, reason);
                return;
            }
        }
        final TcpTracker.Verdict verdict = tracker.track(connection, direction, protocol, batch.l4Address(i),
            batch.l4Length(i), batch.l3Available(i), batch.nowNs());
        if (verdict != TcpTracker.Verdict.ACCEPTED) {
            refuse(batch, i, ingress, connection, verdict);
        }
    }

    private DropReason checkTcp(final FrameBatch batch, final int i) {
        final int flags = tcp.wrap(batch.l4Address(i), batch.l4Available(i)).flags();
        if (!ConnectionTracker.isPossibleTcp(flags)) {
            return DropReason.TCP_FLAGS_INVALID;
        }
        // A packet that changes the connection's state counts only with a correct checksum.
        return (flags & (TcpFlyweight.SYN | TcpFlyweight.FIN | TcpFlyweight.RST)) != 0
            && !checksums.isRight(batch, i) ? DropReason.L4_CHECKSUM_WRONG : null;
    }

    private void refuse(final FrameBatch batch, final int i, final Port ingress, final long connection,
                        final TcpTracker.Verdict verdict) {
        switch (verdict) {
            case REOPENED -> admission.readmit(batch, i, ingress, connection);
            // The reset itself still passes; no later packet does.
            case ABORTED -> connections.expire(connection, batch.nowNs());
            case OUT_OF_WINDOW -> batch.drop(i, DropReason.TCP_OUT_OF_WINDOW);
            case RESET_INVALID -> batch.drop(i, DropReason.TCP_RESET_INVALID);
            default -> batch.drop(i, DropReason.TCP_STATE_INVALID);
        }
    }

    private void followSpecial(final FrameBatch batch, final int i, final Port ingress, final int owner) {
        if (batch.isFragment(i)) {
            followFragment(batch, i, ingress, owner);
        } else {
            final DropReason reason = icmpErrors.relate(batch, i, owner);
            if (reason == DropReason.ICMP_NOT_TRACKED || reason == DropReason.ICMP_ERROR_UNRELATED) {
                admission.handToHostOrDrop(batch, i, ingress, reason);
            } else if (reason != null) {
                batch.drop(i, reason);
            }
        }
    }

    private void followFragment(final FrameBatch batch, final int i, final Port ingress, final int owner) {
        batch.charge(FRAGMENT_WORK);
        switch (fragments.inspect(batch, i, ingress.index())) {
            // The parser found a fragment header where no sender puts one.
            case WHOLE -> batch.drop(i, DropReason.IPV6_EXTENSION_MALFORMED);
            case FIRST -> {
                followFirst(batch, i, ingress, owner);
                fragments.decide(batch.isDropped(i) ? FragmentTable.DROP
                    : batch.connection(i) == ConntrackTable.NONE ? FragmentTable.TO_HOST : batch.connection(i),
                    batch.l4Protocol(i));
            }
            case FOLLOWS -> followDecision(batch, i, ingress, owner);
            case KEPT -> batch.hold(i);
            case DUPLICATE -> batch.drop(i, DropReason.FRAGMENT_DUPLICATE);
            case OVERLAPS -> batch.drop(i, DropReason.FRAGMENT_OVERLAPPING);
            case BEYOND_END -> batch.drop(i, DropReason.FRAGMENT_BEYOND_END);
            case OF_DROPPED_PACKET -> batch.drop(i, DropReason.FRAGMENT_OF_DROPPED_PACKET);
            default -> batch.drop(i, DropReason.FRAGMENT_TABLE_FULL);
        }
    }

    private void followFirst(final FrameBatch batch, final int i, final Port ingress, final int owner) {
        if (!batch.hasOwnTuple(i)) {
            // An ICMP message that is no echo: none needs to be this long.
            batch.drop(i, DropReason.ICMP_NOT_TRACKED);
            return;
        }
        final long tuple = batch.tupleAddress(i);
        batch.connection(i, connections.find(tuple, connections.hash(tuple)));
        follow(batch, i, ingress, owner);
    }

    /** Sends a later fragment where its packet's first one went, if the connection is still the same. */
    private void followDecision(final FrameBatch batch, final int i, final Port ingress, final int owner) {
        final long decision = fragments.decision();
        if (decision == FragmentTable.TO_HOST) {
            admission.handToHostOrDrop(batch, i, ingress, DropReason.NOT_PUBLISHED);
            return;
        }
        final long connection = Connection.ofRef(decision);
        final int direction = Connection.directionOfRef(decision);
        // Behind an extension header, only the first fragment tells the protocol.
        batch.layer4(i, fragments.protocol(), batch.l4Offset(i), batch.l4Length(i), true);
        FlowTuple.ports(batch.tupleAddress(i), FlowTuple.ports(fragments.protocol(), 0, 0));
        if (!connections.isAlive(connection, batch.nowNs()) || Connection.sourceOwner(connection, direction) != owner
            || !Connection.isBetween(connection, direction, batch.tupleAddress(i))) {
            batch.drop(i, DropReason.FRAGMENT_EXPIRED);
            return;
        }
        batch.connection(i, decision);
        tracker.track(connection, direction, batch.l4Protocol(i), 0, 0, batch.l3Available(i), batch.nowNs());
    }

    /**
     * Drops frames whose connection is gone: a later frame of the burst may have ended a connection that an earlier one
     * had noted, and another connection may have its place.
     */
    private void dropOrphans(final FrameBatch batch) {
        for (int n = 0, count = batch.routedCount(); n < count; n++) {
            final int i = batch.routed(n);
            if (!batch.isDropped(i) && batch.egress(i) == FrameBatch.EGRESS_GATEWAY && !hasItsConnection(batch, i)) {
                batch.drop(i, DropReason.CONNTRACK_CLASH);
            }
        }
    }

    private boolean hasItsConnection(final FrameBatch batch, final int i) {
        final long ref = batch.connection(i);
        final long connection = Connection.ofRef(ref);
        if (!Connection.has(connection, Connection.IN_USE)) {
            return false;
        }
        if (batch.tupleHash(i) != SPECIAL) {
            return ConntrackTable.isOf(ref, batch.tupleAddress(i));
        }
        return batch.isFragment(i)
            ? Connection.isBetween(connection, Connection.directionOfRef(ref), batch.tupleAddress(i))
            : icmpErrors.isAbout(batch, i, ref);
    }
}
