package org.sluice.datapath.tunnel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.Packets;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.Wire;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.CommandException;

/**
 * Whatever comes through the tunnel, of many flows in any mixture: what the endpoint gets, cut again as a wire would,
 * is what was sent, in each flow in its order. Only IPv4 identifications of merged segments may be others.
 */
class CoalescingPropertyTest {
    private static final String PEER = "192.0.2.21";
    private static final int[] VNIS = {0x70, 0x71};
    private static final int MAX_MESSAGE = 65_507;
    /** More than any frame here: what is longer and has a partial checksum is taken for a super-frame. */
    private static final int MTU = 9500;

    /**
     * @param expected what must come out for it.
     * @param intact   whether it may be merged, as far as its checksums go.
     */
    private record Sent(int vni, byte[] frame, byte[] expected, boolean intact) {
    }

    private final Random random = new Random(7_348);
    private final SwitchFixture fixture = new SwitchFixture();
    private final MemoryDevice[] endpoints = new MemoryDevice[VNIS.length];
    private DatagramDevice underlay;
    private long superFrames;
    private long segmentsInSuperFrames;

    @BeforeEach
    void plug() throws CommandException {
        underlay = fixture.addUnderlay(20, 9);
        for (int n = 0; n < VNIS.length; n++) {
            fixture.addDomain(1 + n, SwitchFixture.GATEWAY, new DomainPolicy(false, true, true, VNIS[n], true));
            endpoints[n] = fixture.addPort(n, 1 + n, 65_535, PortKind.ENDPOINT, false,
                new PortIdentity(TestFlow.MAC_RECEIVER, 0, 0, 0));
            endpoints[n].inject(Frames.ethernet(Frames.BROADCAST, TestFlow.MAC_RECEIVER, 0x88B5, new byte[46]));
            fixture.addVtep(10 + n, 1 + n, MTU, PEER);
        }
        fixture.doWork();
        fixture.doWork();
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void shouldGiveBackAnyMixtureOfFlows() {
        for (int round = 0; round < 1500; round++) {
            final int frameBytes = 100 + random.nextInt(round % 10 == 0 ? 8900 : 1364);
            final Map<TestFlow, Integer> flows = new HashMap<>();
            final List<TestFlow> order = new ArrayList<>();
            for (int n = random.nextInt(12); n >= 0; n--) {
                final TestFlow flow = new TestFlow(random, random.nextBoolean(), random.nextInt(3) > 0,
                    random.nextInt(3), 1000 + n);
                flows.put(flow, VNIS[random.nextInt(round % 2 + 1)]);
                order.add(flow);
            }
            final List<Sent> sent = new ArrayList<>();
            final int stickiness = 1 + random.nextInt(20);
            TestFlow flow = order.getFirst();
            for (int n = 1 + random.nextInt(150); n > 0; n--) {
                if (random.nextInt(stickiness) == 0) {
                    flow = order.get(random.nextInt(order.size()));
                }
                sent.add(next(flow, flows.get(flow), frameBytes, round % 3 == 0));
            }
            if (random.nextBoolean()) {
                final int at = random.nextInt(sent.size());
                Collections.swap(sent, at, random.nextInt(sent.size()));
            }
            carry(sent, round % 4 < 2);
        }
        assertTrue(superFrames > 5_000, "super-frames: " + superFrames);
        assertTrue(segmentsInSuperFrames > 3 * superFrames, "segments in them: " + segmentsInSuperFrames);
    }

    /** Super-frames that were never cut, between others that were. */
    @Test
    void shouldGiveBackSuperFramesThatCameWhole() {
        for (int round = 0; round < 500; round++) {
            final List<Sent> sent = new ArrayList<>();
            final List<DatagramDevice.Message> messages = new ArrayList<>();
            final TestFlow[] flows = {new TestFlow(random, true, true, 0, 1), new TestFlow(random, false, true, 0, 2),
                new TestFlow(random, true, false, 0, 3), new TestFlow(random, false, false, 0, 4)};
            for (int n = 0; n < 12; n++) {
                final TestFlow flow = flows[random.nextInt(flows.length)];
                if (random.nextBoolean()) {
                    final Sent single = next(flow, VNIS[0], 700, false);
                    sent.add(single);
                    messages.add(new DatagramDevice.Message(PEER, 0, 0, 0,
                        DatagramDevice.vxlan(VNIS[0], single.frame())));
                    continue;
                }
                final int size = 40 + random.nextInt(2000);
                final byte[] frame =
                    flow.superFrame(size + 1 + random.nextInt(Math.min(30 * size, 65_400 - flow.headerBytes() - size)));
                for (final byte[] segment : Wire.cut(new MemoryDevice.Frame(Wire.virtioFor(frame, size), frame))) {
                    sent.add(new Sent(VNIS[0], segment, segment, true));
                }
                messages.add(DatagramDevice.Message.whole(PEER, 0, size, DatagramDevice.vxlan(VNIS[0], frame)));
            }
            messages.forEach(underlay::inject);
            deliver(sent);
        }
        assertEquals(Map.of(), fixture.allDrops());
    }

    private Sent next(final TestFlow flow, final int vni, final int frameBytes, final boolean calm) {
        final int full = Math.max(1, frameBytes - flow.headerBytes());
        if (calm || random.nextInt(3) > 0) {
            return intact(vni, flow.data(Packets.ACK, full));
        }
        return switch (random.nextInt(14)) {
            case 0 -> intact(vni, flow.data(Packets.ACK, 1 + random.nextInt(full)));
            case 1 -> intact(vni, flow.data(Packets.ACK | TestFlow.PSH, full));
            case 2 -> intact(vni, flow.data(Packets.ACK, 0));
            case 3 -> intact(vni, flow.data(Packets.ACK | (random.nextBoolean() ? Packets.FIN : Packets.RST), full));
            case 4 -> intact(vni, flow.data(random.nextInt(256), full));
            case 5 -> {
                flow.lose();
                yield intact(vni, flow.data(Packets.ACK, full));
            }
            case 6, 7 -> {
                flow.change();
                yield intact(vni, flow.data(Packets.ACK, full));
            }
            case 8 -> {
                final byte[] frame = flow.data(Packets.ACK, full);
                yield new Sent(vni, Wire.withPartialChecksum(frame), frame, true);
            }
            case 9 -> {
                final byte[] frame = flow.data(Packets.ACK, random.nextInt(full));
                final byte[] padding = new byte[1 + random.nextInt(40)];
                random.nextBytes(padding);
                yield new Sent(vni, Frames.concat(frame, padding), frame, true);
            }
            case 10 -> intact(vni, flow.data(Packets.ACK, full + 1 + random.nextInt(40)));
            default -> odd(vni, flow.data(Packets.ACK, full));
        };
    }

    private static Sent intact(final int vni, final byte[] frame) {
        return new Sent(vni, frame, frame, true);
    }

    /** Not to be merged with anything. */
    private Sent odd(final int vni, final byte[] frame) {
        final byte[] odd;
        final int kind = random.nextInt(4);
        if (kind == 0 || !Wire.isIpv4(frame) && kind == 1) {
            odd = frame.clone();
            odd[odd.length - 1] ^= 0x55;
            if (Frames.get16(odd, Wire.checksumField(odd)) == Wire.pseudoHeader(odd, odd.length - Wire.l4Of(odd))) {
                return intact(vni, frame); // once in 65,536 times it looks as if it was only not complete
            }
        } else if (kind == 1) {
            odd = frame.clone();
            odd[14 + 10] ^= 0x55;
        } else if (!Wire.isIpv4(frame)) {
            // A destination options header, or that of a fragment.
            final String next = String.format("%02x", Wire.protocol(frame));
            odd = Frames.concat(Arrays.copyOf(frame, 54),
                Frames.hex(kind == 2 ? next + "00010400000000" : next + "00000100000007"),
                Arrays.copyOfRange(frame, 54, frame.length));
            odd[14 + 6] = (byte) (kind == 2 ? 60 : 44);
            Frames.put16(odd, 14 + 4, odd.length - 54);
        } else if (kind == 2) {
            odd = Frames.concat(Arrays.copyOf(frame, 34), Frames.hex("01010100"),
                Arrays.copyOfRange(frame, 34, frame.length));
            odd[14] = 0x46;
            Frames.put16(odd, 14 + 2, odd.length - 14);
        } else {
            odd = frame.clone();
            Frames.put16(odd, 14 + 6, random.nextBoolean() ? 0x2000 : 0x0017);
        }
        return new Sent(vni, odd, odd, false);
    }

    /** Sends them, each in a datagram, or as the kernel puts datagrams of one length together. */
    private void carry(final List<Sent> frames, final boolean trains) {
        for (int from = 0; from < frames.size();) {
            final int length = frames.get(from).frame().length + 8;
            final List<byte[]> train = new ArrayList<>();
            int bytes = 0;
            int to = from;
            while (to < frames.size() && train.size() < Datagram.MAX_SEGMENTS) {
                final byte[] datagram = DatagramDevice.vxlan(frames.get(to).vni(), frames.get(to).frame());
                if (datagram.length > length || bytes + datagram.length > MAX_MESSAGE || !trains && to > from) {
                    break;
                }
                train.add(datagram);
                bytes += datagram.length;
                to++;
                if (datagram.length < length || random.nextInt(30) == 0) {
                    break;
                }
            }
            underlay.inject(new DatagramDevice.Message(PEER, 0, 0, train.size() > 1 ? length : 0,
                Frames.concat(train.toArray(byte[][]::new))));
            from = to;
        }
        deliver(frames);
    }

    private void deliver(final List<Sent> frames) {
        while (underlay.isReadable()) {
            fixture.doWork();
        }
        final Map<String, List<Sent>> expected = new HashMap<>();
        for (final Sent sent : frames) {
            expected.computeIfAbsent(sent.vni() + flowOf(sent.expected()), key -> new ArrayList<>()).add(sent);
        }
        int count = 0;
        for (int n = 0; n < VNIS.length; n++) {
            for (final MemoryDevice.Frame frame : endpoints[n].takeSentWithHeaders()) {
                count += check(frame, VNIS[n], expected);
            }
        }
        assertEquals(frames.size(), count, () -> "frames; drops " + fixture.allDrops());
    }

    private int check(final MemoryDevice.Frame frame, final int vni, final Map<String, List<Sent>> expected) {
        final boolean merged = frame.virtioHeader()[1] != 0;
        assertTrue(frame.bytes().length <= 14 + 65_535, "length");
        if (merged) {
            superFrames++;
            assertTrue(Wire.isHeaderRight(frame.bytes()), "IPv4 header checksum of a super-frame");
            assertEquals(frame.bytes().length - 14, Packets.packetOf(frame.bytes()).length, "length in the IP header");
            assertArrayEquals(frame.bytes(), Wire.withPartialChecksum(frame.bytes()), "partial checksum");
            final int size = frame.virtioHeader()[4] & 0xFF | (frame.virtioHeader()[5] & 0xFF) << 8;
            assertArrayEquals(Wire.virtioFor(frame.bytes(), size), frame.virtioHeader());
        }
        final List<byte[]> cut = Wire.cut(frame);
        segmentsInSuperFrames += merged ? cut.size() : 0;
        for (final byte[] segment : cut) {
            final List<Sent> flow = expected.get(vni + flowOf(segment));
            assertTrue(flow != null && !flow.isEmpty(), "nobody has sent it");
            final Sent sent = flow.removeFirst();
            if (merged) {
                assertTrue(sent.intact(), "merged though it is not whole and right");
                assertSame(withoutIdentification(sent.expected()), withoutIdentification(segment));
            } else {
                assertSame(sent.expected(), segment);
            }
        }
        return cut.size();
    }

    private static void assertSame(final byte[] expected, final byte[] actual) {
        final int at = Arrays.mismatch(expected, actual);
        assertEquals(-1, at, () -> "first byte that is different, of\n" + head(expected) + "\n" + head(actual) + "\n");
    }

    private static String head(final byte[] frame) {
        return frame.length + " bytes: " + HexFormat.of().formatHex(frame, 0, Math.min(frame.length, 80));
    }

    private static byte[] withoutIdentification(final byte[] frame) {
        if (!Wire.isIpv4(frame)) {
            return frame;
        }
        final byte[] copy = frame.clone();
        Frames.put16(copy, 14 + 4, 0);
        Frames.put16(copy, 14 + 10, 0);
        Frames.put16(copy, 14 + 10, ~Wire.sum(0, copy, 14, 34) & 0xFFFF);
        return copy;
    }

    /** Addresses, protocol and ports; the ports of what is not whole are read all the same. */
    private static String flowOf(final byte[] frame) {
        final boolean v4 = Wire.isIpv4(frame);
        int protocol = Wire.protocol(frame);
        int l4 = Wire.l4Of(frame);
        if (protocol == 44 || protocol == 60) {
            protocol = frame[l4];
            l4 += 8;
        }
        return " " + protocol + " " + HexFormat.of().formatHex(frame, v4 ? 26 : 22, v4 ? 34 : 54)
            + " " + HexFormat.of().formatHex(frame, l4, l4 + 4);
    }
}
