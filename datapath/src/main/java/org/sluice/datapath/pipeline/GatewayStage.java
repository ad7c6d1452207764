package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.WorkerCounter;

/**
 * Answers ARP, neighbour solicitations and pings for the gateway's addresses. It leaves other IP packets for the
 * gateway to the layer-3 stages. All other frames for the gateway, and packets for link-local addresses, go to the host
 * port. It does not touch frames from the host itself: the host's kernel has the gateway's addresses too, and must not
 * get answers in its own name. Nor does it touch frames from other hosts, which have their own gateways. Owned by the
 * worker.
 */
public final class GatewayStage {
    private final GatewayResponder responder = new GatewayResponder();
    private final ArpFlyweight arp = new ArpFlyweight();
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final IcmpFlyweight icmp = new IcmpFlyweight();
    private final Icmpv6Flyweight icmpv6 = new Icmpv6Flyweight();
    private final CounterGroup<WorkerCounter> counters;
    private final HostAccess access;

    GatewayStage(final CounterGroup<WorkerCounter> counters, final HostAccess access) {
        this.counters = counters;
        this.access = access;
    }

    public void process(final FrameBatch batch, final Port ingress) {
        if (ingress.isHost() || ingress.isVtep()) {
            return;
        }
        final BridgeDomain domain = ingress.domain();
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            final int egress = batch.egress(i);
            // A frame that returns to its sender is an answer that an earlier stage has made of it.
            if (egress != ingress.index() && MacAddress.isGroup(batch.destinationMac(i))) {
                final DropReason forbidden = access.inGroupFrame(batch, i, ingress);
                if (forbidden != null) {
                    batch.drop(i, forbidden);
                    continue;
                }
            }
            if (egress == FrameBatch.EGRESS_GATEWAY || egress == FrameBatch.EGRESS_FLOOD) {
                if (answer(batch, i, domain.gateway())) {
                    batch.egress(i, ingress.index());
                    counters.increment(WorkerCounter.GATEWAY_REPLIES);
                } else if (egress == FrameBatch.EGRESS_GATEWAY) {
                    handToHost(batch, i, ingress);
                }
            }
        }
    }

    /**
     * Turns a question to the gateway into its answer. A tagged frame belongs to another network and gets no answer.
     */
    private boolean answer(final FrameBatch batch, final int i, final PortIdentity gateway) {
        if (batch.l3Offset(i) != EthernetFlyweight.LENGTH) {
            return false;
        }
        return switch (batch.etherType(i)) {
            case EtherType.ARP -> answerArp(batch, i, gateway);
            case EtherType.IPV4 -> answerPing(batch, i, gateway);
            case EtherType.IPV6 -> answerIcmpv6(batch, i, gateway);
            default -> false;
        };
    }

    private boolean answerArp(final FrameBatch batch, final int i, final PortIdentity gateway) {
        arp.wrap(batch.l3Address(i), batch.l3Available(i));
        if (arp.operation() != ArpFlyweight.REQUEST || !gateway.isIpv4(arp.targetIp())) {
            return false;
        }
        responder.replyArp(batch, i, arp, gateway);
        return true;
    }

    private boolean answerPing(final FrameBatch batch, final int i, final PortIdentity gateway) {
        if (batch.l4Protocol(i) != IpProtocol.ICMP || batch.l4Offset(i) == 0 || batch.isOffloaded(i)) {
            return false;
        }
        ipv4.wrap(batch.l3Address(i), batch.l3Available(i));
        icmp.wrap(batch.l4Address(i), batch.l4Available(i));
        if (batch.destinationMac(i) != gateway.mac() || !gateway.isIpv4(ipv4.destination())
            || icmp.type() != IcmpFlyweight.ECHO_REQUEST || ipv4.isFragment()) {
            return false;
        }
        responder.replyEcho(batch, i, ipv4, icmp);
        return true;
    }

    private boolean answerIcmpv6(final FrameBatch batch, final int i, final PortIdentity gateway) {
        if (batch.l4Protocol(i) != IpProtocol.ICMPV6 || batch.l4Offset(i) == 0 || batch.isOffloaded(i)) {
            return false;
        }
        ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
        icmpv6.wrap(batch.l4Address(i), batch.l4Available(i));
        switch (icmpv6.type()) {
            case Icmpv6Flyweight.NEIGHBOUR_SOLICITATION -> {
                if (!gateway.isIpv6(icmpv6.targetHigh(), icmpv6.targetLow())
                    || !responder.isValidSolicitation(ipv6, icmpv6)) {
                    return false;
                }
                responder.replyNeighbour(batch, i, ipv6, gateway, true);
                return true;
            }
            case Icmpv6Flyweight.ECHO_REQUEST -> {
                if (batch.destinationMac(i) != gateway.mac() || isFragment()
                    || !gateway.isIpv6(ipv6.destinationHigh(), ipv6.destinationLow())) {
                    return false;
                }
                responder.replyEcho(batch, i, ipv6, icmpv6);
                return true;
            }
            default -> {
                return false;
            }
        }
    }

    private boolean isFragment() {
        return ipv6.nextHeader() != IpProtocol.ICMPV6;
    }

    /** Hands frames that are not for the layer-3 stages to the host port. */
    private void handToHost(final FrameBatch batch, final int i, final Port ingress) {
        if (isRouted(batch, i)) {
            return;
        }
        final BridgeDomain domain = ingress.domain();
        final DropReason forbidden =
            batch.etherType(i) == EtherType.IPV6 ? access.toLinkLocal(batch, i, ingress) : null;
        if (forbidden != null) {
            batch.drop(i, forbidden);
        } else if (domain.hostPort() == null) {
            batch.drop(i, DropReason.NO_HOST_PORT);
        } else {
            batch.egress(i, domain.hostPort().index());
        }
    }

    private boolean isRouted(final FrameBatch batch, final int i) {
        return switch (batch.etherType(i)) {
            case EtherType.IPV4 -> true;
            case EtherType.IPV6 -> {
                ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
                yield !Ipv6Flyweight.isLinkLocal(ipv6.destinationHigh());
            }
            default -> false;
        };
    }
}
