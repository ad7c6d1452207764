package org.sluice.datapath.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.buffer.OffHeapRegion;

/** Each flyweight reads and writes the layout of its standard, given here as bytes. */
class FlyweightTest {
    private final OffHeapRegion region = OffHeapRegion.anonymous(256);
    private final UnsafeBuffer memory = region.slice(0, 256);

    @AfterEach
    void release() {
        region.close();
    }

    @Test
    void shouldReadAndWriteEthernetAndVlan() {
        final byte[] bytes = Frames.hex("0242 0a00 0003 0242 0a00 0002 8100 a064 0800");
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(put(bytes), bytes.length);
        assertEquals(Frames.MAC_B, ethernet.destination());
        assertEquals(Frames.MAC_A, ethernet.source());
        assertTrue(EtherType.isVlan(ethernet.etherType()));
        final VlanFlyweight vlan = new VlanFlyweight().wrap(region.address() + 14, 4);
        assertEquals(5, vlan.priority());
        assertEquals(100, vlan.vlanId());
        assertEquals(EtherType.IPV4, vlan.etherType());
        memory.setMemory(0, 32, (byte) 0);
        ethernet.destination(Frames.MAC_B);
        ethernet.source(Frames.MAC_A);
        ethernet.etherType(EtherType.VLAN);
        vlan.tagControl(5, 100);
        vlan.etherType(EtherType.IPV4);
        assertArrayEquals(bytes, get(bytes.length));
    }

    @Test
    void shouldReadAndWriteArp() {
        final byte[] bytes = Frames.arp(2, Frames.MAC_A, Frames.IP_A, Frames.MAC_B, Frames.IP_B);
        final ArpFlyweight arp = new ArpFlyweight().wrap(put(bytes), bytes.length);
        assertTrue(arp.isEthernetIpv4());
        assertEquals(ArpFlyweight.REPLY, arp.operation());
        assertEquals(Frames.MAC_A, arp.senderMac());
        assertEquals(Frames.IP_A, arp.senderIp());
        assertEquals(Frames.MAC_B, arp.targetMac());
        assertEquals(Frames.IP_B, arp.targetIp());
        memory.setMemory(0, 32, (byte) 0);
        assertFalse(arp.isEthernetIpv4());
        arp.ethernetIpv4();
        arp.operation(ArpFlyweight.REPLY);
        arp.senderMac(Frames.MAC_A);
        arp.senderIp(Frames.IP_A);
        arp.targetMac(Frames.MAC_B);
        arp.targetIp(Frames.IP_B);
        assertArrayEquals(bytes, get(bytes.length));
    }

    @Test
    void shouldReadAndWriteIpv4() {
        final byte[] bytes = Frames.ipv4(Frames.IP_A, Frames.IP_B, 17, 0x2001, new byte[0]);
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(put(bytes), bytes.length);
        assertEquals(4, ipv4.version());
        assertEquals(20, ipv4.headerLength());
        assertEquals(20, ipv4.totalLength());
        assertEquals(0x1234, ipv4.identification());
        assertTrue(ipv4.isFragment());
        assertTrue(ipv4.isLaterFragment());
        assertEquals(64, ipv4.ttl());
        assertEquals(IpProtocol.UDP, ipv4.protocol());
        assertEquals(Frames.IP_A, ipv4.source());
        assertEquals(Frames.IP_B, ipv4.destination());
        memory.setMemory(0, 32, (byte) 0);
        ipv4.versionAndHeaderLength(20);
        ipv4.totalLength(20);
        ipv4.identification(0x1234);
        ipv4.fragmentField(0x2001);
        ipv4.ttl(64);
        ipv4.protocol(IpProtocol.UDP);
        ipv4.source(Frames.IP_A);
        ipv4.destination(Frames.IP_B);
        ipv4.updateChecksum();
        assertArrayEquals(bytes, get(bytes.length));
    }

    @Test
    void shouldReadAndWriteIpv6() {
        final byte[] bytes = Frames.ipv6(Frames.IP6_A, "fe80000000000000000000000000000a", 58, 255, new byte[0]);
        final Ipv6Flyweight ipv6 = new Ipv6Flyweight().wrap(put(bytes), bytes.length);
        assertEquals(6, ipv6.version());
        assertEquals(0, ipv6.payloadLength());
        assertEquals(IpProtocol.ICMPV6, ipv6.nextHeader());
        assertEquals(255, ipv6.hopLimit());
        assertEquals(0xFD00_0000_0000_0000L, ipv6.sourceHigh());
        assertEquals(2, ipv6.sourceLow());
        assertTrue(Ipv6Flyweight.isLinkLocal(ipv6.destinationHigh()));
        assertFalse(Ipv6Flyweight.isLinkLocal(ipv6.sourceHigh()));
        memory.setMemory(0, 40, (byte) 0);
        ipv6.versionOnly();
        ipv6.payloadLength(0);
        ipv6.nextHeader(IpProtocol.ICMPV6);
        ipv6.hopLimit(255);
        ipv6.source(0xFD00_0000_0000_0000L, 2);
        ipv6.destination(0xFE80_0000_0000_0000L, 10);
        assertArrayEquals(bytes, get(bytes.length));
    }

    @Test
    void shouldReadAndWriteTransportHeaders() {
        final byte[] tcpBytes = Frames.hex("1000 2000 00000001 00000002 7012 ffff abcd 0000");
        final TcpFlyweight tcp = new TcpFlyweight().wrap(put(tcpBytes), tcpBytes.length);
        assertEquals(28, tcp.headerLength());
        assertEquals(TcpFlyweight.SYN | TcpFlyweight.ACK, tcp.flags());
        assertEquals(0xABCD, tcp.checksum());
        memory.setMemory(0, 32, (byte) 0);
        tcp.sourcePort(0x1000);
        tcp.destinationPort(0x2000);
        tcp.sequence(1);
        tcp.acknowledgement(2);
        tcp.headerLength(28);
        tcp.flags(TcpFlyweight.SYN | TcpFlyweight.ACK);
        tcp.window(0xFFFF);
        tcp.checksum(0xABCD);
        assertArrayEquals(tcpBytes, get(tcpBytes.length));

        final byte[] udpBytes = Frames.hex("1000 2000 0010 abcd");
        final UdpFlyweight udp = new UdpFlyweight().wrap(put(udpBytes), udpBytes.length);
        assertEquals(0x1000, udp.sourcePort());
        assertEquals(0x2000, udp.destinationPort());
        assertEquals(16, udp.datagramLength());
        assertEquals(0xABCD, udp.checksum());

        final byte[] icmpBytes = Frames.hex("0801 abcd 1234 0005");
        final IcmpFlyweight icmp = new IcmpFlyweight().wrap(put(icmpBytes), icmpBytes.length);
        assertEquals(IcmpFlyweight.ECHO_REQUEST, icmp.type());
        assertEquals(1, icmp.code());
        assertEquals(0x0801, icmp.typeAndCode());
        assertEquals(0x1234, icmp.identifier());
        assertEquals(5, icmp.sequence());
    }

    @Test
    void shouldReadAndWriteTheVirtioHeaderInLittleEndian() {
        final byte[] bytes = Frames.hex("01 81 3600 b405 2200 1000");
        put(bytes);
        final VirtioNetHeaderFlyweight virtio =
            new VirtioNetHeaderFlyweight().wrapBefore(region.address() + VirtioNetHeaderFlyweight.LENGTH);
        assertFalse(virtio.isPlain());
        assertTrue(virtio.needsChecksum());
        assertEquals(VirtioNetHeaderFlyweight.GSO_TCPV4 | VirtioNetHeaderFlyweight.GSO_ECN, virtio.gsoType());
        assertEquals(54, virtio.headerLength());
        assertEquals(1460, virtio.gsoSize());
        assertEquals(34, virtio.checksumStart());
        assertEquals(16, virtio.checksumOffset());
        virtio.clear();
        assertTrue(virtio.isPlain());
        assertArrayEquals(new byte[10], get(10));
        virtio.flags(1);
        virtio.gsoType(0x81);
        virtio.headerLength(54);
        virtio.gsoSize(1460);
        virtio.checksumStart(34);
        virtio.checksumOffset(16);
        assertArrayEquals(bytes, get(10));
    }

    @Test
    void shouldNotReadOrWriteBehindTheFrame() {
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(region.address(), 12);
        assertThrows(IndexOutOfBoundsException.class, ipv4::source);
        assertThrows(IndexOutOfBoundsException.class, () -> ipv4.source(1));
        ipv4.checksum();
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(region.address(), 13);
        assertThrows(IndexOutOfBoundsException.class, ethernet::etherType);
        assertThrows(IndexOutOfBoundsException.class,
            () -> new ArpFlyweight().wrap(region.address(), 5).isEthernetIpv4());
        assertThrows(IndexOutOfBoundsException.class, () -> new Ipv6Flyweight().wrap(region.address(), 0).hopLimit());
    }

    @Test
    void shouldParseAndFormatMacAddresses() {
        assertEquals(Frames.MAC_A, MacAddress.parse("02:42:0A:00:00:02"));
        assertEquals("02:42:0a:00:00:02", MacAddress.format(Frames.MAC_A));
        final String[] none = {"", "02:42", "02-42-0a-00-00-02", "02:42:0a:00:00:0g", "02:42:0a:00:00:02:03"};
        for (final String wrong : none) {
            assertThrows(IllegalArgumentException.class, () -> MacAddress.parse(wrong), wrong);
        }
        assertTrue(MacAddress.isGroup(MacAddress.BROADCAST));
        assertTrue(MacAddress.isBridgeLinkLocal(0x0180_C200_000FL));
        assertFalse(MacAddress.isBridgeLinkLocal(0x0180_C200_0010L));
    }

    private long put(final byte[] bytes) {
        memory.putBytes(0, bytes);
        return region.address();
    }

    private byte[] get(final int length) {
        final byte[] bytes = new byte[length];
        memory.getBytes(0, bytes);
        return bytes;
    }
}
