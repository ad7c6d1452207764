package org.sluice.datapath.pipeline;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.protocol.ArpFlyweight;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.Ipv6Flyweight;
import org.sluice.datapath.protocol.MacAddress;

/**
 * Announces a new endpoint to the other hosts of an overlay network, with an ARP announcement (RFC 5227, 2.3) and an
 * unsolicited neighbour advertisement (RFC 4861, 7.2.6). An endpoint that moved here from another host may be silent
 * for long; without the announcement, hosts that learn would still send to its old place. Owned by the worker.
 */
final class Announcer implements AutoCloseable {
    private final GatewayResponder responder = new GatewayResponder();
    private final EthernetFlyweight ethernet = new EthernetFlyweight();
    private final ArpFlyweight arp = new ArpFlyweight();
    /** All zero, as if a host without an address had asked. */
    private final Ipv6Flyweight nobody = new Ipv6Flyweight();
    private final FrameBatch batch = FrameBatch.withoutSlots();
    private final TransmitStage transmit;

    Announcer(final TransmitStage transmit) {
        this.transmit = transmit;
    }

    /** Announces an endpoint's addresses to the VTEPs of its network. */
    void announce(final Port endpoint) {
        final PortIdentity identity = endpoint.identity();
        batch.clear();
        if (identity.hasIpv4()) {
            writeArp(identity);
        }
        if (identity.hasIpv6()) {
            writeAdvertisement(identity);
        }
        for (final Port port : endpoint.domain().ports()) {
            if (port.isVtep()) {
                for (int i = 0; i < batch.size(); i++) {
                    batch.egress(i, port.index());
                }
                transmit.process(batch, endpoint);
            }
        }
    }

    private void writeArp(final PortIdentity identity) {
        final int i = batch.size();
        final int length = EthernetFlyweight.LENGTH + ArpFlyweight.LENGTH;
        batch.append(0, length);
        batch.replace(i, length);
        ethernet.wrap(batch.address(i), length);
        ethernet.destination(MacAddress.BROADCAST);
        ethernet.source(identity.mac());
        ethernet.etherType(EtherType.ARP);
        arp.wrap(batch.address(i) + EthernetFlyweight.LENGTH, ArpFlyweight.LENGTH);
        arp.ethernetIpv4();
        arp.operation(ArpFlyweight.REQUEST);
        arp.senderMac(identity.mac());
        arp.senderIp(identity.ipv4());
        arp.targetIp(identity.ipv4());
        batch.layer3(i, EtherType.ARP, EthernetFlyweight.LENGTH);
        batch.wireLength(i, ArpFlyweight.LENGTH);
    }

    private void writeAdvertisement(final PortIdentity identity) {
        final int i = batch.size();
        batch.append(0, Ipv6Flyweight.LENGTH);
        batch.replace(i, Ipv6Flyweight.LENGTH);
        nobody.wrap(batch.address(i), Ipv6Flyweight.LENGTH);
        responder.replyNeighbour(batch, i, nobody, identity, false);
        batch.layer3(i, EtherType.IPV6, EthernetFlyweight.LENGTH);
    }

    @Override
    public void close() {
        batch.close();
    }
}
