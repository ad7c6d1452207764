package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.LinkLocalOwners;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.route.Fib;

/**
 * Makes sure that an endpoint speaks only for itself: its frames, ARP and neighbour advertisements must have its own
 * MAC and addresses. The unspecified address (DHCP, address detection) is free; {@link LinkLocalOwners} tells whose an
 * IPv6 link-local address is. From the host, only the host's own packets may enter: if its kernel is a router, packets
 * that it forwards into a network which the world does not know would bypass the published ports. Owned by the worker.
 */
public final class SourceGuardStage {
    private final Fib fib;
    private final ArpFlyweight arp = new ArpFlyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final Icmpv6Flyweight icmpv6 = new Icmpv6Flyweight();

    /**
     * @param fib has the host's addresses.
     */
    public SourceGuardStage(final Fib fib) {
        this.fib = fib;
    }

    public void process(final FrameBatch batch, final Port ingress) {
        if (ingress.isHost() && !isKnownToTheWorld(ingress.domain().policy())) {
            guardHost(batch, ingress);
        } else if (ingress.isGuarded()) {
            guardEndpoint(batch, ingress);
        }
    }

    private static boolean isKnownToTheWorld(final DomainPolicy policy) {
        return !policy.masquerade() && !policy.internal();
    }

    private void guardHost(final FrameBatch batch, final Port ingress) {
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (!batch.isDropped(i) && !isFromHost(batch, i, ingress)) {
                batch.drop(i, DropReason.SOURCE_NOT_HOST);
            }
        }
    }

    private boolean isFromHost(final FrameBatch batch, final int i, final Port ingress) {
        final PortIdentity gateway = ingress.identity();
        return switch (batch.etherType(i)) {
            case EtherType.IPV4 -> {
                final int source = batch.sourceIpv4(i);
                yield source == 0 || gateway.isIpv4(source)
                    || fib.isLocal(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(source));
            }
            case EtherType.IPV6 -> {
                ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
                final long high = ipv6.sourceHigh();
                final long low = ipv6.sourceLow();
                if (Ipv6Flyweight.isLinkLocal(high)) {
                    ingress.domain().linkLocals().take(ingress, low);
                    yield true;
                }
                yield (high | low) == 0 || gateway.isIpv6(high, low) || fib.isLocal(high, low);
            }
            default -> true;
        };
    }

    private void guardEndpoint(final FrameBatch batch, final Port ingress) {
        final PortIdentity owner = ingress.identity();
        final long mac = owner.mac();
        final int ip = owner.ipv4();
        for (int i = 0, size = batch.size(); i < size; i++) {
            if (batch.isDropped(i)) {
                continue;
            }
            if (batch.sourceMac(i) != mac) {
                batch.drop(i, DropReason.SOURCE_MAC_SPOOFED);
            } else if (batch.etherType(i) == EtherType.IPV4) {
                final int source = batch.sourceIpv4(i);
                if (source != ip && source != 0) {
                    batch.drop(i, DropReason.SOURCE_IPV4_SPOOFED);
                }
            } else {
                final DropReason reason = checkOther(batch, i, ingress);
                if (reason != null) {
                    batch.drop(i, reason);
                }
            }
        }
    }

    private DropReason checkOther(final FrameBatch batch, final int i, final Port ingress) {
        final PortIdentity owner = ingress.identity();
        return switch (batch.etherType(i)) {
            case EtherType.IPV6 -> checkIpv6(batch, i, ingress);
            case EtherType.ARP -> {
                arp.wrap(batch.l3Address(i), batch.l3Available(i));
                yield arp.senderMac() == owner.mac() && (arp.senderIp() == 0 || arp.senderIp() == owner.ipv4())
                    ? null : DropReason.ARP_SPOOFED;
            }
            default -> null;
        };
    }

    private DropReason checkIpv6(final FrameBatch batch, final int i, final Port ingress) {
        ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
        final long high = ipv6.sourceHigh();
        final long low = ipv6.sourceLow();
        if ((high | low) != 0 && !isOwn(ingress, high, low)) {
            return DropReason.SOURCE_IPV6_SPOOFED;
        }
        if (batch.l4Protocol(i) == IpProtocol.ICMPV6 && batch.l4Offset(i) != 0) {
            icmpv6.wrap(batch.l4Address(i), batch.l4Available(i));
            // Only the gateway routes: neighbours and the host would believe an endpoint's router messages.
            if (icmpv6.type() == Icmpv6Flyweight.ROUTER_ADVERTISEMENT || icmpv6.type() == Icmpv6Flyweight.REDIRECT) {
                return DropReason.ND_SPOOFED;
            }
            // A solicitation without a source tests the sender's own address; another's would seem taken to it.
            if ((icmpv6.type() == Icmpv6Flyweight.NEIGHBOUR_ADVERTISEMENT
                || icmpv6.type() == Icmpv6Flyweight.NEIGHBOUR_SOLICITATION && (high | low) == 0)
                && !isOwn(ingress, icmpv6.targetHigh(), icmpv6.targetLow())) {
                return DropReason.ND_SPOOFED;
            }
        }
        return null;
    }

    private static boolean isOwn(final Port port, final long high, final long low) {
        return Ipv6Flyweight.isLinkLocal(high) ? port.domain().linkLocals().isOf(port, high, low)
            : port.identity().isIpv6(high, low);
    }
}
