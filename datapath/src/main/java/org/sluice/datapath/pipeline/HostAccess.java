package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.policy.TunnelGuard;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.route.Fib;

/**
 * The one place that decides which of an endpoint's packets may reach the host. A packet gets to the host port in three
 * ways: to an address of the host's, to an IPv6 link-local address, and in a frame for a group MAC. Each way asks here,
 * so that a rule holds on all of them. Owned by the worker.
 */
final class HostAccess {
    /** Bytes of an ICMP error before the packet that it quotes. */
    private static final int QUOTE_OFFSET = 8;
    private static final int LOOPBACK = 127;
    private static final int IPV4_FIRST_MULTICAST = 224;
    private static final int IPV6_PREFIX_SHIFT = 56;
    private static final int IPV6_MULTICAST = 0xFF;

    private final Fib fib;
    private final TunnelGuard tunnels;
    private final Ipv4Flyweight ipv4 = new Ipv4Flyweight();
    private final Ipv6Flyweight ipv6 = new Ipv6Flyweight();
    private final UdpFlyweight udp = new UdpFlyweight();

    HostAccess(final Fib fib, final TunnelGuard tunnels) {
        this.fib = fib;
        this.tunnels = tunnels;
    }

    /** Whether the address is one of the host's, as seen from that network. */
    boolean isHosts(final BridgeDomain domain, final long high, final long low) {
        return fib.isLocal(high, low) || isGateway(domain.gateway(), high, low);
    }

    /**
     * For a packet to an address of the host's. An internal network reaches the host by its gateway's address only.
     *
     * @return why the packet may not pass, or null.
     */
    DropReason toAddress(final FrameBatch batch, final int i, final Port ingress, final long high, final long low) {
        if (ingress.domain().policy().internal() && !isGateway(ingress.domain().gateway(), high, low)) {
            return DropReason.NETWORK_INTERNAL;
        }
        return checkContent(batch, i, ingress);
    }

    /**
     * For a packet to an IPv6 link-local address. The host serves published ports there too, so an internal network may
     * do no more than find neighbours and ping.
     *
     * @return why the packet may not pass, or null.
     */
    DropReason toLinkLocal(final FrameBatch batch, final int i, final Port ingress) {
        if (ingress.domain().policy().internal() && batch.l4Protocol(i) != IpProtocol.ICMPV6) {
            return DropReason.NETWORK_INTERNAL;
        }
        return checkContent(batch, i, ingress);
    }

    /**
     * For a frame to a group MAC, of which the host gets a copy: its kernel would take a packet for one of its
     * addresses out of it (net.ipv4.conf.all.drop_unicast_in_l2_multicast is off by default).
     *
     * @return why the frame may not pass, or null.
     */
    DropReason inGroupFrame(final FrameBatch batch, final int i, final Port ingress) {
        if (!batch.isIp(i)) {
            return null;
        }
        if (isForHost(batch, i, ingress.domain())) {
            return DropReason.GROUP_FRAME_FOR_HOST;
        }
        // No error is sent to a group (RFC 1122, 3.2.2; RFC 4443, 2.4).
        return isIcmpError(batch, i) ? DropReason.ICMP_ERROR_UNRELATED : checkContent(batch, i, ingress);
    }

    private boolean isForHost(final FrameBatch batch, final int i, final BridgeDomain domain) {
        if (batch.etherType(i) == EtherType.IPV6) {
            ipv6.wrap(batch.l3Address(i), batch.l3Available(i));
            return ipv6.destinationHigh() >>> IPV6_PREFIX_SHIFT != IPV6_MULTICAST;
        }
        final int destination = ipv4.wrap(batch.l3Address(i), batch.l3Available(i)).destination();
        final int first = destination >>> 24;
        return first == LOOPBACK || first < IPV4_FIRST_MULTICAST
            && isHosts(domain, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(destination));
    }

    /** What holds on every way. */
    private DropReason checkContent(final FrameBatch batch, final int i, final Port ingress) {
        if (batch.l4Offset(i) == 0) {
            return null; // a later fragment, which is nothing without its first
        }
        if (batch.l4Protocol(i) == IpProtocol.UDP) {
            udp.wrap(batch.l4Address(i), batch.l4Available(i));
            return tunnels.isTunnel(IpProtocol.UDP, udp.destinationPort()) ? DropReason.TUNNEL_FORGED : null;
        }
        return isIcmpError(batch, i) && !isAboutSender(batch, i, ingress) ? DropReason.ICMP_ERROR_UNRELATED : null;
    }

    /** A redirect counts too: it also quotes a packet, and no endpoint has a say in the host's routes. */
    private static boolean isIcmpError(final FrameBatch batch, final int i) {
        if (batch.l4Offset(i) == 0) {
            return false;
        }
        final int type = NetworkOrder.u8(batch.l4Address(i));
        return IcmpFlyweight.isError(batch.l4Protocol(i), type) || IcmpFlyweight.isRedirect(batch.l4Protocol(i), type);
    }

    /**
     * Whether an ICMP error reports on a packet that was sent to its sender. The kernel would also believe one about
     * the host's traffic with others, and take a path MTU from it. An endpoint without guard may be a router, which
     * reports on packets to others.
     */
    private static boolean isAboutSender(final FrameBatch batch, final int i, final Port ingress) {
        if (!ingress.isGuarded()) {
            return true;
        }
        final long quote = batch.l4Address(i) + QUOTE_OFFSET;
        final int available = batch.l4Length(i) - QUOTE_OFFSET;
        final PortIdentity sender = ingress.identity();
        if (batch.l4Protocol(i) == IpProtocol.ICMP) {
            return available >= Ipv4Flyweight.MIN_LENGTH
                && sender.isIpv4(NetworkOrder.i32(quote + Ipv4Flyweight.DESTINATION_FIELD_OFFSET));
        }
        if (available < Ipv6Flyweight.LENGTH) {
            return false;
        }
        final long high = NetworkOrder.i64(quote + Ipv6Flyweight.DESTINATION_FIELD_OFFSET);
        return Ipv6Flyweight.isLinkLocal(high)
            || sender.isIpv6(high, NetworkOrder.i64(quote + Ipv6Flyweight.DESTINATION_FIELD_OFFSET + Long.BYTES));
    }

    private static boolean isGateway(final PortIdentity gateway, final long high, final long low) {
        return IpAddress.isIpv4(high, low) ? gateway.isIpv4((int) low) : gateway.isIpv6(high, low);
    }
}
