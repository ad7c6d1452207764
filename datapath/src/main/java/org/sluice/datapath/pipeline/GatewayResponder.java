package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IcmpFlyweight;
import org.sluice.datapath.protocol.Icmpv6Flyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;

/**
 * Overwrites questions with the gateway's answers: an ARP reply (RFC 826), echo replies (RFC 792, RFC 4443) and a
 * neighbour advertisement (RFC 4861, 7.2.4). The caller has checked that the frame is such a question. Owned by the
 * worker.
 */
final class GatewayResponder {
    private static final int REPLY_TTL = 64;
    private static final int ND_HOP_LIMIT = 255;
    private static final long ALL_NODES_HIGH = 0xFF02_0000_0000_0000L;
    private static final long ALL_NODES_LOW = 1;
    private static final long ALL_NODES_MAC = 0x3333_0000_0001L;

    private final EthernetFlyweight ethernet = new EthernetFlyweight();
    private final Ipv6Flyweight replyIpv6 = new Ipv6Flyweight();
    private final Icmpv6Flyweight replyIcmpv6 = new Icmpv6Flyweight();

    void replyArp(final FrameBatch batch, final int i, final ArpFlyweight arp, final PortIdentity owner) {
        ethernet.wrap(batch.address(i), batch.length(i));
        ethernet.destination(ethernet.source());
        ethernet.source(owner.mac());
        arp.operation(ArpFlyweight.REPLY);
        arp.targetMac(arp.senderMac());
        arp.targetIp(arp.senderIp());
        arp.senderMac(owner.mac());
        arp.senderIp(owner.ipv4());
    }

    void replyEcho(final FrameBatch batch, final int i, final Ipv4Flyweight ipv4, final IcmpFlyweight icmp) {
        swapMacs(batch, i);
        final int source = ipv4.source();
        ipv4.source(ipv4.destination());
        ipv4.destination(source);
        final int ttlAndProtocol = ipv4.ttl() << 8 | ipv4.protocol();
        ipv4.ttl(REPLY_TTL);
        ipv4.checksum(InternetChecksum.update16(ipv4.checksum(), ttlAndProtocol, REPLY_TTL << 8 | ipv4.protocol()));
        final int typeAndCode = icmp.typeAndCode();
        icmp.type(IcmpFlyweight.ECHO_REPLY);
        icmp.checksum(InternetChecksum.update16(icmp.checksum(), typeAndCode, icmp.typeAndCode()));
    }

    void replyEcho(final FrameBatch batch, final int i, final Ipv6Flyweight ipv6, final Icmpv6Flyweight icmpv6) {
        swapMacs(batch, i);
        final long high = ipv6.sourceHigh();
        final long low = ipv6.sourceLow();
        ipv6.source(ipv6.destinationHigh(), ipv6.destinationLow());
        ipv6.destination(high, low);
        ipv6.hopLimit(REPLY_TTL);
        final int typeAndCode = icmpv6.typeAndCode();
        icmpv6.type(Icmpv6Flyweight.ECHO_REPLY);
        icmpv6.checksum(InternetChecksum.update16(icmpv6.checksum(), typeAndCode, icmpv6.typeAndCode()));
    }

    /**
     * Writes the answer into a frame of its own, because it may be longer than the question.
     *
     * @param router whether the answer comes from the gateway.
     */
    void replyNeighbour(final FrameBatch batch, final int i, final Ipv6Flyweight question,
                        final PortIdentity owner, final boolean router) {
        final long high = question.sourceHigh();
        final long low = question.sourceLow();
        final boolean solicited = (high | low) != 0;
        final int l4Offset = EthernetFlyweight.LENGTH + Ipv6Flyweight.LENGTH;
        final int length = l4Offset + Icmpv6Flyweight.NEIGHBOUR_WITH_OPTION_LENGTH;
        batch.replace(i, length);
        final long frame = batch.address(i);

        ethernet.wrap(frame, length);
        ethernet.destination(solicited ? batch.sourceMac(i) : ALL_NODES_MAC);
        ethernet.source(owner.mac());
        ethernet.etherType(EtherType.IPV6);

        replyIpv6.wrap(frame + EthernetFlyweight.LENGTH, length - EthernetFlyweight.LENGTH);
        replyIpv6.versionOnly();
        replyIpv6.payloadLength(Icmpv6Flyweight.NEIGHBOUR_WITH_OPTION_LENGTH);
        replyIpv6.nextHeader(IpProtocol.ICMPV6);
        replyIpv6.hopLimit(ND_HOP_LIMIT);
        replyIpv6.source(owner.ipv6High(), owner.ipv6Low());
        if (solicited) {
            replyIpv6.destination(high, low);
        } else {
            replyIpv6.destination(ALL_NODES_HIGH, ALL_NODES_LOW);
        }

        replyIcmpv6.wrap(frame + l4Offset, length - l4Offset);
        replyIcmpv6.type(Icmpv6Flyweight.NEIGHBOUR_ADVERTISEMENT);
        replyIcmpv6.neighbourFlags((router ? Icmpv6Flyweight.FLAG_ROUTER : 0) | Icmpv6Flyweight.FLAG_OVERRIDE
            | (solicited ? Icmpv6Flyweight.FLAG_SOLICITED : 0));
        replyIcmpv6.target(owner.ipv6High(), owner.ipv6Low());
        replyIcmpv6.linkLayerOption(Icmpv6Flyweight.OPTION_TARGET_LINK_LAYER, owner.mac());
        replyIcmpv6.checksum(InternetChecksum.finish(sum(replyIpv6, replyIcmpv6)));
        batch.wireLength(i, length - EthernetFlyweight.LENGTH);
    }

    /** RFC 4861, 7.1.1: hop limit 255, code 0 and a right checksum. Such a message has no extension header. */
    boolean isValidSolicitation(final Ipv6Flyweight ipv6, final Icmpv6Flyweight icmpv6) {
        return ipv6.hopLimit() == 255 && icmpv6.code() == 0 && ipv6.nextHeader() == IpProtocol.ICMPV6
            && isChecksumRight(ipv6, icmpv6);
    }

    private static boolean isChecksumRight(final Ipv6Flyweight ipv6, final Icmpv6Flyweight icmpv6) {
        return InternetChecksum.finish(sum(ipv6, icmpv6)) == 0;
    }

    /** Sum over the pseudo-header and a message that fills the IPv6 payload. */
    private static long sum(final Ipv6Flyweight ipv6, final Icmpv6Flyweight icmpv6) {
        final int length = ipv6.payloadLength();
        return InternetChecksum.pseudoHeader(ipv6.address(), false, IpProtocol.ICMPV6, length)
            + InternetChecksum.sum(icmpv6.address(), length);
    }

    private void swapMacs(final FrameBatch batch, final int i) {
        ethernet.wrap(batch.address(i), batch.length(i));
        final long source = ethernet.source();
        ethernet.source(ethernet.destination());
        ethernet.destination(source);
    }
}
