package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static org.sluice.datapath.Frames.IP6_A;
import static org.sluice.datapath.Frames.IP6_B;
import static org.sluice.datapath.Frames.IP_A;
import static org.sluice.datapath.Frames.IP_B;
import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
import static org.sluice.datapath.Frames.arp;
import static org.sluice.datapath.Frames.concat;
import static org.sluice.datapath.Frames.ethernet;
import static org.sluice.datapath.Frames.hex;
import static org.sluice.datapath.Frames.icmpEcho;
import static org.sluice.datapath.Frames.ipv4;
import static org.sluice.datapath.Frames.ipv6;
import static org.sluice.datapath.Frames.put16;
import static org.sluice.datapath.Frames.tcp;
import static org.sluice.datapath.Frames.udp;

import java.util.Arrays;
import java.util.Map;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.OverlayHost;
import org.sluice.datapath.Packets;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.PortCounter;

/** One cause, one counter: each malformed or forged frame is counted by its reason, and its well-formed twin passes. */
class DropReasonTest {
    private static final byte[] PLAIN = new byte[10];

    @Test
    void shouldNameTheFlawsOfEthernet() throws CommandException {
        assertDropped(DropReason.FRAME_TRUNCATED, new byte[0]);
        assertDropped(DropReason.FRAME_TRUNCATED, Arrays.copyOf(Frames.udpAToB(), 13));
        assertDropped(DropReason.FRAME_OVERSIZED, ethernet(MAC_B, MAC_A, 0x88B5, new byte[65_570]));
        assertDropped(DropReason.SOURCE_MAC_INVALID, ethernet(MAC_B, 0, 0x88B5, new byte[46]));
        assertDropped(DropReason.SOURCE_MAC_INVALID, ethernet(MAC_B, 0x0100_5E00_0001L, 0x88B5, new byte[46]));
        assertDropped(DropReason.RESERVED_MULTICAST, ethernet(0x0180_C200_0000L, MAC_A, 0x0026, new byte[46]));
        assertDropped(DropReason.VLAN_TRUNCATED, ethernet(MAC_B, MAC_A, 0x8100, new byte[3]));
        assertDropped(DropReason.VLAN_STACK_TOO_DEEP,
            ethernet(MAC_B, MAC_A, 0x88A8, concat(hex("0001 8100 0002 8100 0003 0800"), new byte[46])));
        assertPasses(ethernet(MAC_B, MAC_A, 0x88B5, new byte[0]));
    }

    @Test
    void shouldNameTheFlawsOfArp() throws CommandException {
        final byte[] good = arp(1, MAC_A, IP_A, 0, IP_B);
        assertPasses(ethernet(MAC_B, MAC_A, 0x0806, good));
        assertDropped(DropReason.ARP_MALFORMED, ethernet(MAC_B, MAC_A, 0x0806, Arrays.copyOf(good, 27)));
        final byte[] tokenRing = good.clone();
        tokenRing[1] = 6;
        assertDropped(DropReason.ARP_MALFORMED, ethernet(MAC_B, MAC_A, 0x0806, tokenRing));
    }

    @Test
    void shouldNameTheFlawsOfIpv4() throws CommandException {
        final byte[] good = ipv4(IP_A, IP_B, 17, udp(20));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0800, good));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0800, concat(good, new byte[30])));
        assertDropped(DropReason.IPV4_HEADER_MALFORMED, ethernet(MAC_B, MAC_A, 0x0800, Arrays.copyOf(good, 19)));
        assertDropped(DropReason.IPV4_HEADER_MALFORMED, changed(good, 0, 0x55));
        assertDropped(DropReason.IPV4_HEADER_MALFORMED, changed(good, 0, 0x44));
        assertDropped(DropReason.IPV4_LENGTH_INVALID, changed(good, 0, 0x4F));
        assertDropped(DropReason.IPV4_LENGTH_INVALID, changed(good, 3, good.length + 1));
        assertDropped(DropReason.IPV4_LENGTH_INVALID, changed(good, 3, 19));
    }

    @Test
    void shouldNameTheFlawsOfLayer4() throws CommandException {
        assertPasses(v4(6, tcp(0)));
        assertDropped(DropReason.TCP_MALFORMED, v4(6, Arrays.copyOf(tcp(0), 19)));
        final byte[] longOffset = tcp(10);
        longOffset[12] = (byte) 0xF0;
        assertDropped(DropReason.TCP_MALFORMED, v4(6, longOffset));
        final byte[] shortOffset = tcp(10);
        shortOffset[12] = 0x40;
        assertDropped(DropReason.TCP_MALFORMED, v4(6, shortOffset));
        assertDropped(DropReason.UDP_MALFORMED, v4(17, new byte[7]));
        final byte[] longUdp = udp(4);
        put16(longUdp, 4, 13);
        assertDropped(DropReason.UDP_MALFORMED, v4(17, longUdp));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, 0x2000, longUdp)));
        assertDropped(DropReason.ICMP_MALFORMED, v4(1, Arrays.copyOf(icmpEcho(0), 7)));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, 0x0001, new byte[3])));
        assertPasses(v4(132, new byte[1]));
    }

    @Test
    void shouldNameTheFlawsOfIpv6() throws CommandException {
        final byte[] good = ipv6(IP6_A, IP6_B, 17, 64, udp(8));
        assertPasses(ethernet(MAC_B, MAC_A, 0x86DD, good));
        assertDropped(DropReason.IPV6_HEADER_MALFORMED, ethernet(MAC_B, MAC_A, 0x86DD, Arrays.copyOf(good, 39)));
        final byte[] wrongVersion = good.clone();
        wrongVersion[0] = 0x40;
        assertDropped(DropReason.IPV6_HEADER_MALFORMED, ethernet(MAC_B, MAC_A, 0x86DD, wrongVersion));
        final byte[] tooLong = good.clone();
        put16(tooLong, 4, 17);
        assertDropped(DropReason.IPV6_LENGTH_INVALID, ethernet(MAC_B, MAC_A, 0x86DD, tooLong));
        assertPasses(v6(0, concat(hex("3c00 0000 0000 0000  1100 0000 0000 0000"), udp(4))));
        assertDropped(DropReason.IPV6_EXTENSION_MALFORMED, v6(0, hex("1101 0000 0000 0000")));
        assertDropped(DropReason.IPV6_EXTENSION_MALFORMED, v6(60, hex("1100 0000")));
        final byte[] chain = new byte[9 * 8];
        Arrays.fill(chain, (byte) 0);
        for (int i = 0; i < chain.length; i += 8) {
            chain[i] = 60;
        }
        assertDropped(DropReason.IPV6_EXTENSION_MALFORMED, v6(60, chain));
        assertPasses(v6(44, concat(hex("0600 0008 0000 0001"), new byte[2])));
        assertDropped(DropReason.TCP_MALFORMED, v6(44, concat(hex("0600 0001 0000 0001"), new byte[8])));
        assertPasses(v6(51, concat(hex("1101 0000 00000001 00000001"), udp(4))));
        assertDropped(DropReason.ICMPV6_MALFORMED, v6(58, new byte[3]));
        assertDropped(DropReason.ICMPV6_MALFORMED, v6(58, hex("8000 0000 0001")));
        assertDropped(DropReason.ICMPV6_MALFORMED, v6(58, concat(hex("8700 0000"), new byte[19])));
        assertPasses(v6(59, new byte[0]));
    }

    @Test
    void shouldNameAVirtioHeaderThatContradictsItsFrame() throws CommandException {
        final byte[] frame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(4000)));
        final byte[] udpFrame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(4000)));
        assertPasses(virtio(1, 1, 54, 1000, 34, 16), frame);
        assertPasses(virtio(1, 0x81, 54, 1000, 34, 16), frame);
        assertPasses(virtio(1, 5, 42, 1000, 34, 6), udpFrame);
        assertInvalid(virtio(0, 1, 54, 1000, 34, 16), frame);
        assertInvalid(virtio(1, 1, 54, 0, 34, 16), frame);
        assertInvalid(virtio(1, 4, 54, 1000, 34, 16), frame);
        assertInvalid(virtio(1, 5, 54, 1000, 34, 16), frame);
        assertInvalid(virtio(1, 1, 54, 1000, 34, 16), udpFrame);
        assertInvalid(virtio(1, 3, 54, 1000, 34, 6), udpFrame);
        assertInvalid(virtio(1, 0x85, 54, 1000, 34, 6), udpFrame);
        assertInvalid(virtio(1, 1, 54, 1000, 38, 16), frame);
        assertInvalid(virtio(1, 0, 54, 0, 4050, 16), frame);
        assertInvalid(virtio(1, 0, 54, 0, 0, 16), frame);
        assertInvalid(virtio(1, 0, 60_000, 0, 34, 16), frame);
        assertInvalid(virtio(1, 9, 54, 1000, 34, 16), frame);
    }

    @Test
    void shouldHoldTheSegmentsOfASuperFrameAgainstTheMtu() throws CommandException {
        final byte[] frame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(4000)));
        assertDropCounts(Map.of(), virtio(1, 1, 54, 1460, 34, 16), frame, 1500);
        assertDropCounts(Map.of(DropReason.MTU_EXCEEDED, 1L), virtio(1, 1, 54, 1461, 34, 16), frame, 1500);
        assertDropCounts(Map.of(DropReason.MTU_EXCEEDED, 1L), PLAIN, frame, 1500);
    }

    @Test
    void shouldGuardTheSourcesOfAnEndpoint() throws CommandException {
        assertDropped(DropReason.SOURCE_MAC_SPOOFED, ethernet(MAC_B, MAC_A + 9, 0x88B5, new byte[46]));
        assertDropped(DropReason.SOURCE_IPV4_SPOOFED, ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_B, IP_B, 17, udp(4))));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0800, ipv4(0, -1, 17, udp(4))));
        assertDropped(DropReason.SOURCE_IPV6_SPOOFED,
            ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_B, IP6_B, 17, 64, udp(4))));
        assertPasses(ethernet(MAC_B, MAC_A, 0x86DD,
            ipv6("fe80000000000000004200fffe000002", IP6_B, 17, 64, udp(4))));
        assertDropped(DropReason.ARP_SPOOFED, ethernet(MAC_B, MAC_A, 0x0806, arp(2, MAC_A, IP_B, MAC_B, IP_B)));
        assertDropped(DropReason.ARP_SPOOFED, ethernet(MAC_B, MAC_A, 0x0806, arp(2, MAC_B, IP_A, MAC_B, IP_B)));
        assertPasses(ethernet(MAC_B, MAC_A, 0x0806, arp(1, MAC_A, 0, 0, IP_A)));
        assertDropped(DropReason.ND_SPOOFED, ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B, 58, 255,
            hex("88 00 0000 20000000" + IP6_B))));
        assertPasses(ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B, 58, 255, hex("88 00 0000 20000000" + IP6_A))));
        assertDropped(DropReason.SOURCE_IPV4_SPOOFED,
            ethernet(MAC_B, MAC_A, 0x8100, concat(hex("0001 0800"), ipv4(IP_B, IP_B, 17, udp(4)))));
    }

    @Test
    void shouldNameTheFlawsOfADatagram() throws CommandException {
        final byte[] good = OverlayHost.frame(OverlayHost.MAC_R, OverlayHost.MAC_A,
            Packets.udp(OverlayHost.R, 1, OverlayHost.A, 2, new byte[20]));
        final byte[] datagram = DatagramDevice.vxlan(OverlayHost.VNI, good);
        assertTunnel(null, OverlayHost.VTEP1, 0, datagram);
        assertTunnel(null, OverlayHost.VTEP2, 0, datagram);
        // RFC 7348, 5: all flags but I, and what is reserved, are not looked at.
        final byte[] reserved = datagram.clone();
        Arrays.fill(reserved, 0, 4, (byte) 0xFF);
        reserved[7] = 1;
        assertTunnel(null, OverlayHost.VTEP1, 0, reserved);
        final byte[] flagless = reserved.clone();
        flagless[0] = (byte) 0xF7;
        assertTunnel(DropReason.VXLAN_MALFORMED, OverlayHost.VTEP1, 0, flagless);
        assertTunnel(DropReason.VXLAN_MALFORMED, OverlayHost.VTEP1, 0, Arrays.copyOf(datagram, 21));
        assertTunnel(DropReason.VXLAN_MALFORMED, OverlayHost.VTEP1, 0, new byte[0]);
        assertTunnel(DropReason.IPV4_HEADER_MALFORMED, OverlayHost.VTEP1, 0, Arrays.copyOf(datagram, 22));
        assertTunnel(DropReason.VNI_UNKNOWN, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(1, good));
        assertTunnel(DropReason.VNI_UNKNOWN, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(0, good));
        assertTunnel(DropReason.VTEP_UNKNOWN, "192.0.2.22", 0, datagram);
        assertTunnel(DropReason.VTEP_UNKNOWN, "::ffff:0:c000:215", 0, datagram);
        assertTunnel(DropReason.TUNNEL_CONGESTED, OverlayHost.VTEP1, 3, datagram);
        assertTunnel(null, OverlayHost.VTEP1, 0xB9, datagram);
        assertTunnel(DropReason.OVERLAY_VLAN, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(OverlayHost.VNI,
            ethernet(OverlayHost.MAC_A, OverlayHost.MAC_R, 0x8100,
                concat(hex("0064 0800"), ipv4(1, 2, 17, udp(4))))));
        assertTunnel(DropReason.TUNNEL_NOT_RELAYED, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(OverlayHost.VNI,
            ethernet(OverlayHost.MAC_GATEWAY, OverlayHost.MAC_R, 0x88B5, new byte[46])));
        assertTunnel(DropReason.REMOTE_MAC_SPOOFED, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(OverlayHost.VNI,
            ethernet(OverlayHost.MAC_A, OverlayHost.MAC_B, 0x88B5, new byte[46])));
        assertTunnel(DropReason.SOURCE_MAC_INVALID, OverlayHost.VTEP1, 0, DatagramDevice.vxlan(OverlayHost.VNI,
            ethernet(OverlayHost.MAC_A, Frames.BROADCAST, 0x88B5, new byte[46])));
    }

    private static void assertTunnel(final DropReason reason, final String peer, final int trafficClass,
                                     final byte[] datagram) throws CommandException {
        try (OverlayHost host = new OverlayHost()) {
            host.underlay().inject(new DatagramDevice.Message(peer, trafficClass, 0, 0, datagram));
            host.fixture().doWork();
            assertEquals(reason == null ? Map.of() : Map.of(reason, 1L), host.fixture().allDrops());
            assertEquals(reason == null ? 1 : 0, host.a().takeSent().size());
            assertEquals(reason == null ? 0 : 1,
                host.fixture().count(OverlayHost.PORT_UNDERLAY, PortCounter.RX_DROPS)
                    + host.fixture().count(OverlayHost.PORT_VTEP1, PortCounter.RX_DROPS));
        }
    }

    private static byte[] v4(final int protocol, final byte[] payload) {
        return ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, protocol, payload));
    }

    private static byte[] v6(final int protocol, final byte[] payload) {
        return ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B, protocol, 64, payload));
    }

    private static byte[] changed(final byte[] packet, final int offset, final int value) {
        final byte[] copy = packet.clone();
        copy[offset] = (byte) value;
        return ethernet(MAC_B, MAC_A, 0x0800, copy);
    }

    private static byte[] virtio(final int flags, final int gsoType, final int headerLength, final int gsoSize,
                                 final int checksumStart, final int checksumOffset) {
        final byte[] header = new byte[10];
        header[0] = (byte) flags;
        header[1] = (byte) gsoType;
        final int[] words = {headerLength, gsoSize, checksumStart, checksumOffset};
        for (int i = 0; i < words.length; i++) {
            header[2 + 2 * i] = (byte) words[i];
            header[3 + 2 * i] = (byte) (words[i] >>> 8);
        }
        return header;
    }

    private static void assertPasses(final byte[] frame) throws CommandException {
        assertPasses(PLAIN, frame);
    }

    private static void assertPasses(final byte[] virtioHeader, final byte[] frame) throws CommandException {
        assertDropCounts(Map.of(), virtioHeader, frame, 9000);
    }

    private static void assertInvalid(final byte[] virtioHeader, final byte[] frame) throws CommandException {
        assertDropCounts(Map.of(DropReason.VIRTIO_HEADER_INVALID, 1L), virtioHeader, frame, 9000);
    }

    private static void assertDropped(final DropReason reason, final byte[] frame) throws CommandException {
        assertDropCounts(Map.of(reason, 1L), PLAIN, frame, 65_535);
    }

    private static void assertDropCounts(final Map<DropReason, Long> expected, final byte[] virtioHeader,
                                         final byte[] frame, final int mtu) throws CommandException {
        try (SwitchFixture fixture = new SwitchFixture()) {
            fixture.addDomain(SwitchFixture.DOMAIN);
            final MemoryDevice a = fixture.addPort(0, SwitchFixture.DOMAIN, mtu, PortKind.ENDPOINT, true,
                new PortIdentity(MAC_A, IP_A, 0xFD00_0000_0000_0000L, 2));
            final MemoryDevice b = fixture.addPort(1, SwitchFixture.DOMAIN, mtu, PortKind.ENDPOINT, true,
                new PortIdentity(MAC_B, IP_B, 0xFD00_0000_0000_0000L, 3));
            a.inject(virtioHeader, frame);
            fixture.doWork();
            assertEquals(expected, fixture.allDrops());
            assertEquals(expected.isEmpty() ? 1 : 0, b.takeSent().size());
        }
    }
}
