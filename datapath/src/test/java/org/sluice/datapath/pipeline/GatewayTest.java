package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import static org.sluice.datapath.Frames.IP6_A;
import static org.sluice.datapath.Frames.IP6_B;
import static org.sluice.datapath.Frames.IP6_GATEWAY;
import static org.sluice.datapath.Frames.IP6_GATEWAY_SOLICITED;
import static org.sluice.datapath.Frames.IP_A;
import static org.sluice.datapath.Frames.IP_GATEWAY;
import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_GATEWAY;
import static org.sluice.datapath.Frames.arp;
import static org.sluice.datapath.Frames.concat;
import static org.sluice.datapath.Frames.ethernet;
import static org.sluice.datapath.Frames.hex;
import static org.sluice.datapath.Frames.icmpEcho;
import static org.sluice.datapath.Frames.icmpv6;
import static org.sluice.datapath.Frames.ipv4;
import static org.sluice.datapath.Frames.ipv6;
import static org.sluice.datapath.Frames.solicitation;
import static org.sluice.datapath.Frames.udp;

import java.util.Arrays;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.WorkerCounter;

class GatewayTest {
    private static final long SOLICITED_NODE_MAC = 0x3333_FF00_0001L;
    private static final String UNSPECIFIED = "00000000000000000000000000000000";
    private static final String ALL_NODES = "ff020000000000000000000000000001";

    private final SwitchFixture fixture = new SwitchFixture();
    private MemoryDevice a;
    private MemoryDevice b;
    private MemoryDevice host;

    @BeforeEach
    void plug() throws CommandException {
        final MemoryDevice[] devices = fixture.addUsualPorts();
        a = devices[0];
        b = devices[1];
        host = devices[3];
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void shouldAnswerArpForItsAddressAndFloodOtherArp() {
        a.inject(ethernet(Frames.BROADCAST, MAC_A, 0x0806, arp(1, MAC_A, IP_A, 0, IP_GATEWAY)));
        fixture.doWork();
        assertArrayEquals(ethernet(MAC_A, MAC_GATEWAY, 0x0806, arp(2, MAC_GATEWAY, IP_GATEWAY, MAC_A, IP_A)),
            a.takeSent().getFirst());
        assertEquals(0, host.takeSent().size());
        a.inject(ethernet(Frames.BROADCAST, MAC_A, 0x0806, arp(1, MAC_A, IP_A, 0, Frames.IP_B)));
        fixture.doWork();
        assertEquals(1, b.takeSent().size());
        assertEquals(1, host.takeSent().size());
        assertEquals(0, a.takeSent().size());
        assertEquals(1, fixture.count(WorkerCounter.GATEWAY_REPLIES));
    }

    @Test
    void shouldAnswerPing() {
        a.inject(ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 1, icmpEcho(56))));
        fixture.doWork();
        final byte[] reply = a.takeSent().getFirst();
        assertArrayEquals(hex(String.format("%012x%012x0800", MAC_A, MAC_GATEWAY)), slice(reply, 0, 14));
        assertEquals(0, Frames.checksum(0, slice(reply, 14, 34)), "IPv4 header checksum");
        assertEquals(0, Frames.checksum(0, slice(reply, 34, reply.length)), "ICMP checksum");
        assertArrayEquals(hex(String.format("%08x%08x", IP_GATEWAY, IP_A)), slice(reply, 26, 34));
        assertEquals(0, reply[34], "echo reply");
    }

    @Test
    void shouldAnswerNeighbourSolicitations() {
        for (final boolean withOption : new boolean[] {true, false}) {
            a.inject(ethernet(SOLICITED_NODE_MAC, MAC_A, 0x86DD, ipv6(IP6_A, IP6_GATEWAY_SOLICITED, 58, 255,
                solicitation(IP6_A, IP6_GATEWAY, withOption))));
            fixture.doWork();
            final String advertisement = "88 00 0000 e0000000" + IP6_GATEWAY + String.format("0201%012x", MAC_GATEWAY);
            assertArrayEquals(ethernet(MAC_A, MAC_GATEWAY, 0x86DD, ipv6(IP6_GATEWAY, IP6_A, 58, 255,
                icmpv6(IP6_GATEWAY, IP6_A, advertisement))), a.takeSent().getFirst());
        }
        assertEquals(0, b.takeSent().size());
    }

    @Test
    void shouldAnswerDuplicateAddressDetectionToAllNodes() {
        a.inject(ethernet(SOLICITED_NODE_MAC, MAC_A, 0x86DD, ipv6(UNSPECIFIED, IP6_GATEWAY_SOLICITED, 58, 255,
            solicitation(UNSPECIFIED, IP6_GATEWAY, false))));
        fixture.doWork();
        final String advertisement = "88 00 0000 a0000000" + IP6_GATEWAY + String.format("0201%012x", MAC_GATEWAY);
        assertArrayEquals(ethernet(0x3333_0000_0001L, MAC_GATEWAY, 0x86DD, ipv6(IP6_GATEWAY, ALL_NODES, 58, 255,
            icmpv6(IP6_GATEWAY, ALL_NODES, advertisement))), a.takeSent().getFirst());
    }

    @Test
    void shouldNotAnswerASolicitationThatIsForgedOrBroken() {
        final byte[] message = solicitation(IP6_A, IP6_GATEWAY, true);
        a.inject(ethernet(SOLICITED_NODE_MAC, MAC_A, 0x86DD, ipv6(IP6_A, IP6_GATEWAY_SOLICITED, 58, 254, message)));
        message[2] ^= 1;
        a.inject(ethernet(SOLICITED_NODE_MAC, MAC_A, 0x86DD, ipv6(IP6_A, IP6_GATEWAY_SOLICITED, 58, 255, message)));
        fixture.doWork();
        assertEquals(0, a.takeSent().size());
        assertEquals(2, b.takeSent().size(), "flooded as any other multicast");
    }

    @Test
    void shouldAnswerPing6() {
        a.inject(ethernet(MAC_GATEWAY, MAC_A, 0x86DD, ipv6(IP6_A, IP6_GATEWAY, 58, 64,
            icmpv6(IP6_A, IP6_GATEWAY, "80 00 0000 1234 0001 a1a2a3a4a5"))));
        fixture.doWork();
        assertArrayEquals(ethernet(MAC_A, MAC_GATEWAY, 0x86DD, ipv6(IP6_GATEWAY, IP6_A, 58, 64,
            icmpv6(IP6_GATEWAY, IP6_A, "81 00 0000 1234 0001 a1a2a3a4a5"))), a.takeSent().getFirst());
    }

    @Test
    void shouldHandOtherPacketsForItsAddressesToTheHostPort() {
        final byte[] udp = ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 17, udp(10)));
        final byte[] fragmentedPing =
            ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 1, 0x2000, icmpEcho(16)));
        final byte[] udp6 = ethernet(MAC_GATEWAY, MAC_A, 0x86DD, ipv6(IP6_A, IP6_GATEWAY, 17, 64, udp(10)));
        final byte[] linkLocal =
            ethernet(MAC_GATEWAY, MAC_A, 0x86DD, ipv6(IP6_A, "fe80000000000000004200fffe000001", 17, 64, udp(10)));
        final byte[] arpReply =
            ethernet(MAC_GATEWAY, MAC_A, 0x0806, arp(2, MAC_A, IP_A, MAC_GATEWAY, IP_GATEWAY));
        for (final byte[] frame : new byte[][] {udp, fragmentedPing, udp6, linkLocal, arpReply}) {
            a.inject(frame);
            fixture.doWork();
            assertArrayEquals(frame, host.takeSent().getFirst());
        }
        assertEquals(Map.of(), fixture.allDrops());
    }

    @Test
    void shouldDropWhatItHasNoRouteFor() {
        a.inject(ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, 0x0808_0808, 17, udp(10))));
        a.inject(ethernet(MAC_GATEWAY, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B.replace("fd", "20"), 17, 64, udp(10))));
        fixture.doWork();
        assertEquals(Map.of(DropReason.NO_ROUTE, 2L), fixture.allDrops());
    }

    @Test
    void shouldDropWhatIsForAHostThatIsNotThere() throws CommandException {
        fixture.execute(new Command.RemovePort(3, false));
        a.inject(ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 17, udp(10))));
        fixture.doWork();
        assertEquals(Map.of(DropReason.NO_HOST_PORT, 1L), fixture.allDrops());
    }

    @Test
    void shouldNotAnswerTheHostInItsOwnName() {
        host.inject(ethernet(SOLICITED_NODE_MAC, MAC_GATEWAY, 0x86DD, ipv6(UNSPECIFIED, IP6_GATEWAY_SOLICITED, 58, 255,
            solicitation(UNSPECIFIED, IP6_GATEWAY, false))));
        host.inject(ethernet(Frames.BROADCAST, MAC_GATEWAY, 0x0806,
            arp(1, MAC_GATEWAY, IP_GATEWAY, 0, IP_GATEWAY)));
        fixture.doWork();
        assertEquals(0, host.takeSent().size());
        assertEquals(2, b.takeSent().size());
    }

    @Test
    void shouldLeaveTaggedFramesAlone() {
        final byte[] tagged = ethernet(Frames.BROADCAST, MAC_A, 0x8100,
            concat(hex("0064 0806"), arp(1, MAC_A, IP_A, 0, IP_GATEWAY)));
        a.inject(tagged);
        fixture.doWork();
        assertEquals(0, a.takeSent().size());
        assertArrayEquals(tagged, b.takeSent().getFirst());
    }

    private static byte[] slice(final byte[] bytes, final int from, final int to) {
        return Arrays.copyOfRange(bytes, from, to);
    }
}
