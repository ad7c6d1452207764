package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.PORT_A;
import static org.sluice.datapath.RoutedHost.PORT_UPLINK;
import static org.sluice.datapath.RoutedHost.WORLD;

import java.util.ArrayList;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.trace.CapturedFrame;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;
import org.sluice.datapath.trace.ProbeRing;
import org.sluice.datapath.trace.TraceStage;
import org.sluice.datapath.trace.TraceStep;

/** Looking at packets: what is seen, what is not, and that they pass as they do when nobody looks. */
class PacketProbeTest {
    private static final byte[] PAYLOAD = {1, 2, 3};

    private final RoutedHost host;
    private final ProbeRing ring = new ProbeRing(1 << 20);
    private final TraceStep step = new TraceStep();

    PacketProbeTest() throws CommandException {
        host = new RoutedHost();
    }

    @AfterEach
    void close() {
        host.close();
        ring.close();
    }

    @Test
    void shouldTellTheStagesOfARoutedPacketAndOfItsAnswer() throws CommandException {
        observe(ProbeKind.TRACE, new PacketFilter(PORT_A, -1, -1, ConntrackFilter.Prefix.ANY, -1));
        host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
        final int port = Packets.sourcePortOf(host.atWire());
        host.fromWire(Packets.udp(WORLD, 53, HOST, port, PAYLOAD));
        host.atA();
        final List<String> seen = new ArrayList<>();
        while (ring.poll((address, length) -> seen.add(text(step.wrap(address)))) > 0) {
            assertTrue(seen.size() < 100);
        }
        assertEquals(List.of("PARSE 0", "SOURCE_GUARD 0", "BRIDGE 0>-2", "GATEWAY 0>-2",
            "CONNTRACK 0>-2 1 packets as " + HOST, "ROUTE 0>10 1 packets as " + HOST,
            "TRANSMIT 0>10 1 packets as " + HOST,
            "PARSE 10", "CONNTRACK 10>-2 2 packets as " + WORLD, "ROUTE 10>0 2 packets as " + WORLD,
            "TRANSMIT 10>0 2 packets as " + WORLD), seen);
    }

    @Test
    void shouldTellWhyAPacketIsDropped() throws CommandException {
        observe(ProbeKind.TRACE, PacketFilter.ALL);
        host.fromA(Packets.udp("10.0.0.99", 1, WORLD, 53, PAYLOAD));
        final List<Integer> reasons = new ArrayList<>();
        ring.poll((address, length) -> reasons.add(step.wrap(address).reason()));
        assertEquals(List.of(-1, DropReason.SOURCE_IPV4_SPOOFED.ordinal()), reasons);
    }

    @Test
    void shouldShowOnlyWhatIsMeantAndNothingOnceItIsOver() throws CommandException {
        observe(ProbeKind.TRACE, new PacketFilter(-1, -1, 6, ConntrackFilter.Prefix.ANY, -1));
        host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
        assertEquals(0, ring.poll((address, length) -> { }));
        observe(ProbeKind.TRACE, new PacketFilter(-1, -1, -1,
            new ConntrackFilter.Prefix(IpAddress.IPV4_HIGH, Packets.low(HOST), 128), -1));
        host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
        assertTrue(ring.poll((address, length) -> { }) > 0, "by the address that it leaves with");
        host.fixture().execute(new Command.Observe(ProbeKind.TRACE, false, PacketFilter.ALL, 0));
        host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
        assertEquals(0, ring.poll((address, length) -> { }));
    }

    @Test
    void shouldCaptureARoutedPacketOnBothSides() throws CommandException {
        observe(ProbeKind.CAPTURE, PacketFilter.ALL);
        final byte[] packet = Packets.udp(A, 1234, WORLD, 53, PAYLOAD);
        host.fromA(packet);
        final List<String> seen = new ArrayList<>();
        final CapturedFrame frame = new CapturedFrame();
        ring.poll((address, length) -> {
            frame.wrap(address);
            final byte[] bytes = new byte[length - CapturedFrame.HEADER_BYTES];
            new UnsafeBuffer(address + CapturedFrame.HEADER_BYTES, bytes.length).getBytes(0, bytes);
            assertEquals(frame.length(), bytes.length);
            seen.add((frame.isOutbound() ? "out " : "in ") + frame.port() + " "
                + Packets.sourceOf(Packets.packetOf(bytes)));
        });
        assertEquals(List.of("in 0 " + A, "out " + PORT_UPLINK + " " + HOST), seen);
    }

    @Test
    void shouldLoseRatherThanWait() throws CommandException {
        try (ProbeRing small = new ProbeRing(4096)) {
            host.fixture().probes().ring(ProbeKind.TRACE, small);
            host.fixture().execute(new Command.Observe(ProbeKind.TRACE, true, PacketFilter.ALL, 0));
            for (int i = 0; i < 100; i++) {
                host.fromA(Packets.udp(A, 1234, WORLD, 53, PAYLOAD));
            }
            assertEquals(100, host.uplink().takeSent().size());
            assertTrue(small.lost() > 0);
            assertFalse(host.fixture().errors().iterator().hasNext());
            host.fixture().execute(new Command.Observe(ProbeKind.TRACE, false, PacketFilter.ALL, 0));
        }
    }

    private void observe(final ProbeKind kind, final PacketFilter filter) throws CommandException {
        host.fixture().probes().ring(kind, ring);
        host.fixture().execute(new Command.Observe(kind, true, filter, 65_536));
    }

    private static String text(final TraceStep step) {
        final TraceStage stage = TraceStage.values()[step.stage()];
        return stage + " " + step.ingress() + (stage.compareTo(TraceStage.BRIDGE) < 0 ? "" : ">" + step.egress())
            + (step.is(TraceStep.TRACKED) ? " " + step.packets() + " packets as "
                + ((int) FlowTuple.sourceLow(step.translated()) == Packets.ipv4(HOST) ? HOST : WORLD) : "");
    }
}
