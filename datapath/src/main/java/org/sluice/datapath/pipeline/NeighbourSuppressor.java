package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.route.Fib;
import org.sluice.datapath.tunnel.VtepTable;

/**
 * Answers ARP requests and neighbour solicitations in an overlay network for endpoints that the switch knows, here and
 * on other hosts, so that the question need not go to every host. It does not answer a test whether an address is in
 * use (RFC 5227, RFC 4862): the address's owner must. Owned by the worker.
 */
final class NeighbourSuppressor {
    private final GatewayResponder responder = new GatewayResponder();
    private final ArpFlyweight arp = new ArpFlyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Icmpv6Flyweight icmpv6 = new Icmpv6Flyweight();
    private final Fib fib;

    NeighbourSuppressor(final Fib fib) {
        this.fib = fib;
    }

    /** If frame {@code i} is a question that can be answered, turns it into the answer. */
    boolean answer(final FrameBatch batch, final int i, final Port ingress, final VtepTable.Overlay overlay) {
        return switch (batch.etherType(i)) {
            case EtherType.ARP -> answerArp(batch, i, ingress, overlay);
            case EtherType.IPV6 -> answerSolicitation(batch, i, ingress, overlay);
            default -> false;
        };
    }

    private boolean answerArp(final FrameBatch batch, final int i, final Port ingress,
                              final VtepTable.Overlay overlay) {
        arp.wrap(batch.l3Address(i), batch.l3Available(i));
        if (arp.operation() != ArpFlyweight.REQUEST || arp.senderIp() == 0 || arp.senderIp() == arp.targetIp()) {
            return false;
        }
        final PortIdentity owner =
            ownerOf(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(arp.targetIp()), ingress, overlay);
        if (owner != null) {
            responder.replyArp(batch, i, arp, owner);
        }
        return owner != null;
    }

    private boolean answerSolicitation(final FrameBatch batch, final int i, final Port ingress,
                                       final VtepTable.Overlay overlay) {
        if (batch.l4Protocol(i) != IpProtocol.ICMPV6 || batch.l4Offset(i) == 0 || batch.isOffloaded(i)) {
            return false;
        }
        ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
        icmpv6.wrap(batch.l4Address(i), batch.l4Available(i));
        if (icmpv6.type() != Icmpv6Flyweight.NEIGHBOUR_SOLICITATION || (ipv6.sourceHigh() | ipv6.sourceLow()) == 0) {
            return false;
        }
        final PortIdentity owner = ownerOf(icmpv6.targetHigh(), icmpv6.targetLow(), ingress, overlay);
        if (owner == null || !responder.isValidSolicitation(ipv6, icmpv6)) {
            return false;
        }
        responder.replyNeighbour(batch, i, ipv6, owner, false);
        return true;
    }

    /** The address's owner: an endpoint here, or, if an endpoint asks, also one on another host. */
    private PortIdentity ownerOf(final long high, final long low, final Port ingress,
                                 final VtepTable.Overlay overlay) {
        final PortIdentity gateway = ingress.domain().gateway();
        if (gateway.isIpv6(high, low) || IpAddress.isIpv4(high, low) && gateway.isIpv4((int) low)) {
            return null; // no endpoint owns the gateway's address, even if one claims it
        }
        final Port local = fib.endpoint(high, low);
        if (local != null) {
            return local != ingress && local.domain() == ingress.domain() ? local.identity() : null;
        }
        return ingress.isEndpoint() ? overlay.remote(high, low) : null;
    }
}
