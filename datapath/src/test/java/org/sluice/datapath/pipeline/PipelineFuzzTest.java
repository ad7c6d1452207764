package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.Frames.IP6_A;
import static org.sluice.datapath.Frames.IP6_B;
import static org.sluice.datapath.Frames.IP6_GATEWAY;
import static org.sluice.datapath.Frames.IP6_GATEWAY_SOLICITED;
import static org.sluice.datapath.Frames.IP_A;
import static org.sluice.datapath.Frames.IP_B;
import static org.sluice.datapath.Frames.IP_GATEWAY;
import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
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
import static org.sluice.datapath.Frames.tcp;
import static org.sluice.datapath.Frames.udp;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandException;

/**
 * Two million hostile frames: seeds of every protocol, with bytes flipped, cut, stretched and spliced, behind good and
 * bad virtio headers. No frame may raise an exception; every frame is either sent or counted by a reason.
 * <p>
 * That nothing is read beyond a frame is shown twice: the flyweights check their bounds, so such a read would be an
 * exception; and two switches that see the same frames with different bytes behind them must do the same.
 */
class PipelineFuzzTest {
    private static final int FRAMES = 2_000_000;
    private static final int BURST = 32;

    private final Random random = new Random(20261121);
    private final List<byte[]> seeds = List.of(
        Frames.udpAToB(),
        ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 6, tcp(100))),
        ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 1, icmpEcho(20))),
        ethernet(MAC_GATEWAY, MAC_A, 0x0800, ipv4(IP_A, IP_GATEWAY, 17, 0x2000, udp(20))),
        ethernet(Frames.BROADCAST, MAC_A, 0x0806, arp(1, MAC_A, IP_A, 0, IP_GATEWAY)),
        ethernet(0x3333_FF00_0001L, MAC_A, 0x86DD,
            ipv6(IP6_A, IP6_GATEWAY_SOLICITED, 58, 255, solicitation(IP6_A, IP6_GATEWAY, true))),
        ethernet(MAC_GATEWAY, MAC_A, 0x86DD,
            ipv6(IP6_A, IP6_GATEWAY, 58, 64, icmpv6(IP6_A, IP6_GATEWAY, "8000 0000 0001 0001 aabb"))),
        ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B, 0, 64,
            concat(hex("3c00 0000 0000 0000 2c00 0000 0000 0000 0600 0001 0000 0001"), tcp(8)))),
        ethernet(MAC_B, MAC_A, 0x86DD, ipv6(IP6_A, IP6_B, 51, 64,
            concat(hex("1101 0000 00000001 00000001"), udp(4)))),
        ethernet(MAC_B, MAC_A, 0x88A8, concat(hex("0064 8100 00c8 0800"), ipv4(IP_A, IP_B, 17, udp(18)))));

    @Test
    void shouldSurviveAndAccountForEveryFrame() throws CommandException {
        try (SwitchFixture first = new SwitchFixture(); SwitchFixture second = new SwitchFixture()) {
            final MemoryDevice[] firstPorts = plug(first, (byte) 0x00);
            final MemoryDevice[] secondPorts = plug(second, (byte) 0xFF);
            long sent = 0;
            for (int injected = 0; injected < FRAMES; injected += BURST) {
                final int ingress = random.nextInt(2);
                for (int i = 0; i < BURST; i++) {
                    final byte[] frame = mutate();
                    final byte[] virtioHeader = virtioHeader();
                    firstPorts[ingress].inject(virtioHeader, frame);
                    secondPorts[ingress].inject(virtioHeader, frame);
                }
                first.doAllWork();
                second.doAllWork();
                for (int port = 0; port < firstPorts.length; port++) {
                    sent += compare(firstPorts[port].takeSent(), secondPorts[port].takeSent());
                }
                assertEquals(List.of(), first.errors());
                assertEquals(List.of(), second.errors());
            }
            assertEquals(first.allDrops(), second.allDrops());
            final long dropped = first.allDrops().values().stream().mapToLong(Long::longValue).sum();
            assertTrue(sent > FRAMES / 20, "sent " + sent);
            assertTrue(sent + dropped >= FRAMES, "sent " + sent + " and dropped " + dropped + " of " + FRAMES);
            assertReached(first);
        }
    }

    /** The fuzz must have reached what it is for: nearly all layer-2 reasons that a lone hostile frame can cause. */
    private static void assertReached(final SwitchFixture fixture) {
        final List<DropReason> needOtherMeans = List.of(DropReason.FRAME_OVERSIZED, DropReason.NO_EGRESS,
            DropReason.FLOOD_QUEUE_FULL, DropReason.NO_HOST_PORT, DropReason.MTU_EXCEEDED, DropReason.SOURCE_NOT_HOST,
            DropReason.GSO_SEGMENTS_EXCEEDED);
        final List<DropReason> missed = Arrays.stream(DropReason.values())
            .filter(reason -> reason.compareTo(DropReason.MTU_EXCEEDED) <= 0)
            .filter(reason -> fixture.drops(reason) == 0 && !needOtherMeans.contains(reason)).toList();
        assertEquals(List.of(), missed);
    }

    private static MemoryDevice[] plug(final SwitchFixture fixture, final byte tail) throws CommandException {
        fixture.addDomain(SwitchFixture.DOMAIN);
        final MemoryDevice[] ports = {
            fixture.addPort(0, new PortIdentity(MAC_A, IP_A, 0xFD00_0000_0000_0000L, 2), true),
            fixture.addPort(1, new PortIdentity(MAC_B, IP_B, 0xFD00_0000_0000_0000L, 3), false),
            fixture.addPort(2, SwitchFixture.DOMAIN, 1500, PortKind.HOST, false, SwitchFixture.GATEWAY)};
        for (final MemoryDevice port : ports) {
            port.tail(tail);
        }
        return ports;
    }

    private static int compare(final List<byte[]> left, final List<byte[]> right) {
        assertEquals(left.size(), right.size());
        for (int i = 0; i < left.size(); i++) {
            assertArrayEquals(left.get(i), right.get(i));
        }
        return left.size();
    }

    private byte[] mutate() {
        byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
        switch (random.nextInt(5)) {
            case 0 -> frame = Arrays.copyOf(frame, random.nextInt(frame.length + 1));
            case 1 -> frame = Arrays.copyOf(frame, frame.length + random.nextInt(100));
            case 2 -> {
                final byte[] other = seeds.get(random.nextInt(seeds.size()));
                final int cut = random.nextInt(Math.min(frame.length, other.length));
                System.arraycopy(other, cut, frame, cut, Math.min(frame.length, other.length) - cut);
            }
            default -> { }
        }
        for (int flips = random.nextInt(4); flips > 0 && frame.length > 0; flips--) {
            // Mostly behind the MAC addresses, or else little would get past the source guard.
            final int from = random.nextInt(4) == 0 ? 0 : Math.min(12, frame.length - 1);
            final int at = from + random.nextInt(frame.length - from);
            frame[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (frame[at] ^ 1 << random.nextInt(8));
        }
        if (random.nextInt(200) == 0 && frame.length >= 6) {
            System.arraycopy(hex("0180c2000000"), 0, frame, 0, 6);
        }
        return frame;
    }

    private byte[] virtioHeader() {
        final byte[] header = new byte[10];
        if (random.nextInt(10) == 0) {
            random.nextBytes(header);
            header[0] &= 3;
            header[3] = 0;
            header[7] = 0;
            header[9] = 0;
        }
        return header;
    }
}
