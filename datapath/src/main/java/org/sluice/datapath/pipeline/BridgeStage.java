package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Fdb;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Learns where the frames come from, and looks up where they go: one port, every port, or the gateway. Learning and
 * looking up are two loops: each is then simple, and table misses of different frames overlap. Owned by the worker.
 */
public final class BridgeStage {
    /**
     * A neighbour solicitation with a link-layer address and a nonce has 94 bytes; an ARP frame that a device has
     * padded has 60. More than that would be a channel between endpoints that may not talk.
     */
    private static final int MAX_DISCOVERY_BYTES = 96;

    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Icmpv6Flyweight icmpv6 = new Icmpv6Flyweight();
    private final Fdb fdb;
    private final CounterGroup<WorkerCounter> counters;

    public BridgeStage(final Fdb fdb, final CounterGroup<WorkerCounter> counters) {
        this.fdb = fdb;
        this.counters = counters;
    }

    /**
     * @return how many frames go to the gateway or to every port; the others go to one.
     */
    int process(final FrameBatch batch, final Port ingress) {
        if (!ingress.isVtep() || ingress.domain().policy().vtepLearning()) {
            learn(batch, ingress);
        }
        final int notUnicast = lookUp(batch, ingress);
        if (!ingress.domain().policy().icc() && !ingress.isHost()) {
            isolate(batch, ingress);
        }
        return notUnicast;
    }

    private void learn(final FrameBatch batch, final Port ingress) {
        final int domain = ingress.domain().id();
        final int nowSeconds = batch.nowSeconds();
        // Most frames of a burst have one sender: a MAC that was just learned is known.
        long previous = 0;
        for (int i = 0, size = batch.size(); i < size; i++) {
            final long source = batch.sourceMac(i);
            if (batch.isDropped(i) || source == previous) {
                continue;
            }
            previous = source;
            final Fdb.Learned learned = fdb.learn(domain, source, ingress.index(), nowSeconds);
            if (learned != Fdb.Learned.KNOWN) {
                count(learned);
            }
        }
    }

    private int lookUp(final FrameBatch batch, final Port ingress) {
        final BridgeDomain domain = ingress.domain();
        final int domainId = domain.id();
        final int ingressIndex = ingress.index();
        final long gatewayMac = domain.gateway().mac();
        final int nowSeconds = batch.nowSeconds();
        int notUnicast = 0;
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            final long destination = batch.destinationMac(i);
            if (MacAddress.isGroup(destination)) {
                batch.egress(i, FrameBatch.EGRESS_FLOOD);
                notUnicast++;
            } else if (destination == gatewayMac && !ingress.isHost()) {
                batch.egress(i, FrameBatch.EGRESS_GATEWAY);
                notUnicast++;
            } else {
                final int port = fdb.lookup(domainId, destination, nowSeconds);
                if (port == ingressIndex) {
                    batch.drop(i, DropReason.EGRESS_IS_INGRESS);
                } else if (port == Fdb.UNKNOWN) {
                    batch.egress(i, FrameBatch.EGRESS_FLOOD);
                    notUnicast++;
                } else {
                    batch.egress(i, port);
                }
            }
        }
        return notUnicast;
    }

    /**
     * In a domain without inter-container communication, sends an endpoint's frames to the gateway and the host only.
     * ARP and neighbour discovery still pass between endpoints, so that they reach each other's published ports.
     */
    private void isolate(final FrameBatch batch, final Port ingress) {
        final Port hostPort = ingress.domain().hostPort();
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i) || batch.egress(i) == FrameBatch.EGRESS_GATEWAY || isDiscovery(batch, i)) {
                continue;
            }
            if (batch.egress(i) != FrameBatch.EGRESS_FLOOD) {
                if (hostPort == null || batch.egress(i) != hostPort.index()) {
                    batch.drop(i, DropReason.ICC_DISABLED);
                }
            } else if (hostPort == null) {
                batch.drop(i, DropReason.ICC_DISABLED);
            } else {
                batch.egress(i, hostPort.index());
            }
        }
    }

    /** Whether it is neighbour discovery, which has a hop limit of 255 and no extension header (RFC 4861, 7.1). */
    private boolean isDiscovery(final FrameBatch batch, final int i) {
        if (batch.l3Offset(i) != EthernetFlyweight.LENGTH || batch.length(i) > MAX_DISCOVERY_BYTES) {
            return false;
        }
        if (batch.etherType(i) == EtherType.ARP) {
            return true;
        }
        return batch.etherType(i) == EtherType.IPV6 && batch.l4Protocol(i) == IpProtocol.ICMPV6
            && batch.l4Offset(i) == EthernetFlyweight.LENGTH + Ipv6Flyweight.LENGTH
            && ipv6.wrap(batch.l3Address(i), batch.l3Available(i)).hopLimit() == 255
            && icmpv6.wrap(batch.l4Address(i), batch.l4Available(i)).type() >= Icmpv6Flyweight.NEIGHBOUR_SOLICITATION
            && icmpv6.type() <= Icmpv6Flyweight.NEIGHBOUR_ADVERTISEMENT;
    }

    private void count(final Fdb.Learned learned) {
        switch (learned) {
            case NEW -> counters.increment(WorkerCounter.FDB_LEARNED);
            case MOVED -> counters.increment(WorkerCounter.FDB_MOVED);
            case PORT_LIMIT -> counters.increment(WorkerCounter.FDB_PORT_LIMIT);
            case TABLE_FULL -> counters.increment(WorkerCounter.FDB_FULL);
            case KNOWN -> { }
            default -> throw new IllegalArgumentException(learned.name());
        }
    }
}
