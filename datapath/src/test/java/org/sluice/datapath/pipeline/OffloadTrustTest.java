package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.sluice.datapath.Frames.BROADCAST;
import static org.sluice.datapath.Frames.IP6_A;
import static org.sluice.datapath.Frames.IP_A;
import static org.sluice.datapath.Frames.IP_B;
import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
import static org.sluice.datapath.Frames.arp;
import static org.sluice.datapath.Frames.concat;
import static org.sluice.datapath.Frames.ethernet;
import static org.sluice.datapath.Frames.get16;
import static org.sluice.datapath.Frames.ipv4;
import static org.sluice.datapath.Frames.ipv6;
import static org.sluice.datapath.Frames.put16;
import static org.sluice.datapath.Frames.tcp;
import static org.sluice.datapath.Frames.udp;

import java.util.Arrays;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/** What an endpoint writes into the virtio-net header is not believed where it could harm others. */
class OffloadTrustTest {
    private static final int ETHERNET = 14;
    private static final long HIGH = 0xFD00_0000_0000_0000L;
    private static final String ALL_NODES = "ff020000000000000000000000000001";

    private final SwitchFixture fixture = new SwitchFixture();
    private MemoryDevice a;
    private MemoryDevice b;

    @BeforeEach
    void plug() throws CommandException {
        fixture.addDomain(SwitchFixture.DOMAIN);
        a = fixture.addPort(0, SwitchFixture.DOMAIN, 65_535, PortKind.ENDPOINT, true,
            new PortIdentity(MAC_A, IP_A, HIGH, 2));
        b = fixture.addPort(1, SwitchFixture.DOMAIN, 65_535, PortKind.ENDPOINT, true,
            new PortIdentity(MAC_B, IP_B, HIGH, 3));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void shouldGuardWhatAChecksumWillHaveWritten() {
        final byte[] claim = concat(ethernet(BROADCAST, MAC_A, 0x0806, arp(2, MAC_A, IP_A, BROADCAST, IP_A + 0x40)),
            new byte[2]);
        // The two bytes behind the ARP message make the checksum's result the low half of another's address.
        steer(claim, 30, 42, 0x4D);
        send(checksum(30, 0), claim);
        assertEquals(Map.of(DropReason.ARP_SPOOFED, 1L), fixture.allDrops());
    }

    @Test
    void shouldGuardTheSourceAddressThatAChecksumWillHaveWritten() {
        final byte[] frame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(20)));
        steer(frame, 28, frame.length - 2, 0x4D);
        send(checksum(28, 0), frame);
        assertEquals(Map.of(DropReason.SOURCE_IPV4_SPOOFED, 1L), fixture.allDrops());
    }

    @Test
    void shouldGuardTheRouterAdvertisementThatAChecksumWillHaveWritten() {
        final byte[] solicitation = Frames.icmpv6(IP6_A, ALL_NODES, "85 00 0000 00000000 0000");
        final byte[] frame =
            ethernet(0x3333_0000_0001L, MAC_A, 0x86DD, ipv6(IP6_A, ALL_NODES, 58, 255, solicitation));
        steer(frame, 54, frame.length - 2, 0x8600);
        send(checksum(54, 0), frame);
        assertEquals(Map.of(DropReason.ND_SPOOFED, 1L), fixture.allDrops());
    }

    @Test
    void shouldCompleteTheInnerChecksumOfAContainersOwnTunnel() {
        final byte[] inner = tcp(40);
        final byte[] frame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, concat(udp(0), inner)));
        put16(frame, ETHERNET + 24, 8 + inner.length);
        final int start = frame.length - inner.length;
        put16(frame, start + 16, 0x1234);
        send(checksum(start, 16), frame);
        final MemoryDevice.Frame arrived = b.takeSentWithHeaders().getFirst();
        assertArrayEquals(new byte[10], arrived.virtioHeader());
        assertEquals(Frames.checksum(0, Arrays.copyOfRange(frame, start, frame.length)),
            get16(arrived.bytes(), start + 16));
        assertEquals(Map.of(), fixture.allDrops());
    }

    @Test
    void shouldLeaveTheChecksumOfATcpOrUdpPacketToTheEgress() {
        final byte[] header = checksum(34, 16);
        final byte[] frame = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(40)));
        send(header, frame);
        final MemoryDevice.Frame arrived = b.takeSentWithHeaders().getFirst();
        assertArrayEquals(header, arrived.virtioHeader());
        assertArrayEquals(frame, arrived.bytes());
    }

    @Test
    void shouldRefuseASuperFrameThatWouldBeCutIntoTooManyPackets() {
        final byte[] tcp = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(60_000)));
        final byte[] udp = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(12_800)));
        for (final int size : new int[] {1, 7, 8, 29}) {
            send(gso(1, 54, size, 16), tcp);
        }
        send(gso(1, 54, 7, 16), ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(70))));
        send(gso(5, 42, 99, 6), udp);
        assertEquals(Map.of(DropReason.GSO_SEGMENTS_EXCEEDED, 6L), fixture.allDrops());
        assertEquals(0, b.takeSent().size());

        // The least that Linux makes of a path MTU of 68, of its TCP options at their longest, and of UDP_SEGMENT.
        send(gso(1, 54, 36, 16), tcp);
        send(gso(1, 54, 8, 16), ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(16_000))));
        send(gso(5, 42, 100, 6), udp);
        fixture.doAllWork();
        assertEquals(3, b.takeSent().size());
    }

    private void send(final byte[] virtioHeader, final byte[] frame) {
        a.inject(virtioHeader, frame);
        fixture.doWork();
    }

    /** Chooses the word at an offset so that the checksum from {@code start} on comes out as wanted. */
    private static void steer(final byte[] frame, final int start, final int word, final int wanted) {
        put16(frame, word, 0);
        final int without = Frames.checksum(0, Arrays.copyOfRange(frame, start, frame.length));
        // Both are complements: the word must make up the difference.
        put16(frame, word, (without - wanted + 0xFFFF) % 0xFFFF);
        assertEquals(wanted, Frames.checksum(0, Arrays.copyOfRange(frame, start, frame.length)));
    }

    private static byte[] checksum(final int start, final int offset) {
        return virtio(0, 0, 0, start, offset);
    }

    private static byte[] gso(final int type, final int headerLength, final int size, final int offset) {
        return virtio(type, headerLength, size, 34, offset);
    }

    private static byte[] virtio(final int type, final int headerLength, final int size, final int start,
                                 final int offset) {
        return new byte[] {1, (byte) type, (byte) headerLength, 0, (byte) size, (byte) (size >>> 8), (byte) start,
            (byte) (start >>> 8), (byte) offset, 0};
    }
}
