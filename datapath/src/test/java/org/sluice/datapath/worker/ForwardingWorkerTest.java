package org.sluice.datapath.worker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.Frames.IP_A;
import static org.sluice.datapath.Frames.IP_B;
import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
import static org.sluice.datapath.Frames.MAC_C;
import static org.sluice.datapath.Frames.ethernet;
import static org.sluice.datapath.Frames.ipv4;
import static org.sluice.datapath.Frames.udp;
import static org.sluice.datapath.Frames.udpAToB;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.MemoryDevice;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.bridge.WorkBudget;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

class ForwardingWorkerTest {
    private final SwitchFixture fixture = new SwitchFixture();
    private MemoryDevice a;
    private MemoryDevice b;
    private MemoryDevice c;
    private MemoryDevice host;

    @BeforeEach
    void plug() throws CommandException {
        final MemoryDevice[] devices = fixture.addUsualPorts();
        a = devices[0];
        b = devices[1];
        c = devices[2];
        host = devices[3];
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @Test
    void shouldFloodUnknownUnicastAndThenSwitchToOnePort() {
        a.inject(udpAToB());
        fixture.doWork();
        for (final MemoryDevice other : List.of(b, c, host)) {
            assertArrayEquals(udpAToB(), other.takeSent().getFirst());
        }
        b.inject(ethernet(MAC_A, MAC_B, 0x0800, ipv4(IP_B, IP_A, 17, udp(10))));
        fixture.doWork();
        assertEquals(1, a.takeSent().size());
        assertEquals(0, c.takeSent().size(), "A was learned");
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, b.takeSent().size());
        assertEquals(0, c.takeSent().size(), "B was learned");
        assertEquals(Map.of(), fixture.allDrops());
    }

    @Test
    void shouldFloodBroadcastAndMulticastToAllButTheIngress() {
        a.inject(ethernet(Frames.BROADCAST, MAC_A, 0x88B5, new byte[46]));
        a.inject(ethernet(0x3333_0000_00FBL, MAC_A, 0x88B5, new byte[46]));
        fixture.doWork();
        for (final MemoryDevice other : List.of(b, c, host)) {
            assertEquals(2, other.takeSent().size());
        }
        assertEquals(0, a.takeSent().size());
        assertEquals(2, fixture.countNetwork(SwitchFixture.DOMAIN, NetworkCounter.FLOODED_FRAMES));
    }

    @Test
    void shouldKeepTheOrderOfFramesToOnePort() {
        learnAll();
        for (int i = 0; i < 20; i++) {
            final long destination = i % 3 == 0 ? Frames.BROADCAST : MAC_B;
            a.inject(ethernet(destination, MAC_A, 0x88B5, new byte[] {(byte) i}));
        }
        fixture.doWork();
        final List<byte[]> sent = b.takeSent();
        assertEquals(20, sent.size());
        for (int i = 0; i < 20; i++) {
            assertEquals(i, sent.get(i)[14]);
        }
    }

    @Test
    void shouldFollowAMacThatMovesToAnotherPort() {
        learnAll();
        c.inject(ethernet(MAC_A, MAC_B, 0x88B5, new byte[46]));
        fixture.doWork();
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, c.takeSent().size());
        assertEquals(0, b.takeSent().size());
        assertEquals(1, fixture.count(WorkerCounter.FDB_MOVED));
    }

    @Test
    void shouldFloodAgainOnceTheEntryHasAged() {
        learnAll();
        fixture.advanceSeconds(301);
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, b.takeSent().size());
        assertEquals(1, c.takeSent().size());
    }

    @Test
    void shouldSweepAgedEntriesInItsDutyCycles() {
        learnAll();
        fixture.advanceSeconds(301);
        for (int cycle = 0; cycle < 20; cycle++) {
            fixture.advanceSeconds(1);
            fixture.doWork();
        }
        assertEquals(3, fixture.count(WorkerCounter.FDB_AGED));
    }

    @Test
    void shouldNotMixTwoNetworks() throws CommandException {
        fixture.addDomain(2);
        final MemoryDevice other =
            fixture.addPort(10, 2, 1500, PortKind.ENDPOINT, false, new PortIdentity(MAC_B, IP_B, 0, 0));
        a.inject(ethernet(Frames.BROADCAST, MAC_A, 0x88B5, new byte[46]));
        other.inject(ethernet(MAC_A, MAC_B, 0x88B5, new byte[46]));
        fixture.doWork();
        assertEquals(0, other.takeSent().size());
        assertEquals(0, a.takeSent().size());
        assertEquals(1, fixture.drops(DropReason.NO_EGRESS));
    }

    @Test
    void shouldDropAFrameForItsOwnIngress() {
        learnAll();
        a.inject(ethernet(MAC_A, MAC_A + 0x100, 0x88B5, new byte[46]));
        fixture.doWork();
        assertEquals(1, fixture.drops(DropReason.EGRESS_IS_INGRESS));
    }

    @Test
    void shouldSwitchVlanTaggedFramesByTheirMac() {
        learnAll();
        final byte[] inner = ipv4(IP_A, IP_B, 17, udp(18));
        final byte[] twice = ethernet(MAC_B, MAC_A, 0x88A8,
            Frames.concat(Frames.hex("0064 8100 00c8 0800"), inner));
        a.inject(twice);
        fixture.doWork();
        assertArrayEquals(twice, b.takeSent().getFirst());
    }

    @Test
    void shouldHoldAnMtuAgainstTheEgressPort() throws CommandException {
        learnAll();
        final MemoryDevice jumbo = fixture.addPort(5, SwitchFixture.DOMAIN, 9000, PortKind.ENDPOINT, false,
            new PortIdentity(MAC_C + 5, 0, 0, 0));
        final byte[] large = ethernet(Frames.BROADCAST, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(1600)));
        a.inject(large);
        fixture.doWork();
        assertEquals(1, jumbo.takeSent().size());
        assertEquals(0, b.takeSent().size());
        assertEquals(3, fixture.drops(DropReason.MTU_EXCEEDED));
        assertEquals(1, fixture.count(1, PortCounter.TX_DROPS));
        final byte[] exact = ethernet(MAC_B, MAC_A, 0x0800, ipv4(IP_A, IP_B, 17, udp(1500 - 28)));
        a.inject(exact);
        fixture.doWork();
        assertEquals(1, b.takeSent().size());
    }

    @Test
    void shouldCountWhatADeviceRefuses() {
        learnAll();
        b.setRefusing(true);
        a.inject(udpAToB());
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(2, fixture.drops(DropReason.EGRESS_REFUSED));
        assertEquals(2, fixture.count(1, PortCounter.TX_DROPS));
        b.setRefusing(false);
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, b.takeSent().size());
    }

    @Test
    void shouldCountWhatAnUplinkHadNoRoomFor() throws CommandException {
        final MemoryDevice uplink = fixture.addPort(5, SwitchFixture.DOMAIN, 1500, PortKind.UPLINK, false,
            new PortIdentity(MAC_C + 5, 0, 0, 0));
        for (int lost = 3; lost <= 4; lost++) {
            uplink.miss(lost);
            fixture.advanceSeconds(1);
            fixture.doWork();
        }
        assertEquals(3 + 4, fixture.count(5, PortCounter.RX_MISSED));
        assertEquals(0, fixture.count(5, PortCounter.RX_FRAMES));
    }

    @Test
    void shouldCountFramesAndBytes() {
        learnAll();
        final long frames = fixture.count(1, PortCounter.TX_FRAMES);
        final long bytes = fixture.count(1, PortCounter.TX_BYTES);
        a.inject(udpAToB());
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(2, fixture.count(1, PortCounter.TX_FRAMES) - frames);
        assertEquals(2L * udpAToB().length, fixture.count(1, PortCounter.TX_BYTES) - bytes);
        assertEquals(3, fixture.count(0, PortCounter.RX_FRAMES));
        assertEquals(5, fixture.countNetwork(SwitchFixture.DOMAIN, NetworkCounter.RX_FRAMES));
    }

    @Test
    void shouldTakeABurstLargerThanABatchInSeveralCycles() {
        learnAll();
        for (int i = 0; i < FrameBatch.CAPACITY * 2 + 3; i++) {
            a.inject(udpAToB());
        }
        assertEquals(FrameBatch.CAPACITY, fixture.doWork());
        assertEquals(FrameBatch.CAPACITY, fixture.doWork());
        assertEquals(3, fixture.doWork());
        assertEquals(FrameBatch.CAPACITY * 2 + 3, b.takeSent().size());
    }

    @Test
    void shouldGoOnWithoutADeviceThatIsGone() throws CommandException {
        learnAll();
        b.setGone();
        fixture.doWork();
        assertEquals(0, fixture.count(1, PortCounter.UP));
        assertEquals(1, fixture.count(WorkerCounter.DEVICES_GONE));
        assertEquals(1, fixture.errors().size());
        assertTrue(fixture.errors().removeFirst() instanceof DeviceGoneException);
        a.inject(ethernet(MAC_C, MAC_A, 0x88B5, new byte[46]));
        a.inject(ethernet(MAC_B, MAC_A, 0x88B5, new byte[46]));
        fixture.doWork();
        assertEquals(2, c.takeSent().size(), "the MAC behind the lost port is flooded to the others");
        assertEquals(0, b.takeSent().size());
        fixture.execute(new Command.RemovePort(1, false));
        assertEquals(List.of(), fixture.errors());
    }

    @Test
    void shouldCarryOnAfterADeviceThatThrows() {
        learnAll();
        b.failOnce(new IllegalStateException("on purpose"));
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals("on purpose", fixture.errors().removeFirst().getMessage());
        assertEquals(1, fixture.count(WorkerCounter.ERRORS));
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, b.takeSent().size(), "what was half done is forgotten");
    }

    @Test
    void shouldNotHoldUpOthersForAFloodToManyPorts() throws CommandException {
        final List<MemoryDevice> crowd = new ArrayList<>();
        for (int i = 4; i < 200; i++) {
            crowd.add(fixture.addPort(i, new PortIdentity(MAC_C + i, 0, 0, 0), false));
        }
        fixture.addDomain(2);
        final MemoryDevice quiet =
            fixture.addPort(300, 2, 1500, PortKind.ENDPOINT, false, new PortIdentity(MAC_A, IP_A, 0, 0));
        final MemoryDevice other =
            fixture.addPort(301, 2, 1500, PortKind.ENDPOINT, false, new PortIdentity(MAC_B, IP_B, 0, 0));
        for (int i = 0; i < FrameBatch.CAPACITY + 10; i++) {
            a.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_A, 0x88B5, new byte[] {(byte) i}));
        }
        int cycles = 0;
        int copies = 0;
        do {
            quiet.inject(udpAToB());
            final int before = copies;
            cycles += fixture.doWork() > 1 ? 1 : 0;
            for (final MemoryDevice each : crowd) {
                final List<byte[]> sent = each.takeSent();
                copies += sent.size();
            }
            assertTrue(copies - before <= 2 * WorkBudget.UNITS, "copies in a cycle: " + (copies - before));
            assertEquals(1, other.takeSent().size(), "the other network is served in each cycle");
        } while (copies < (FrameBatch.CAPACITY + 10) * crowd.size() && cycles < 1000);
        assertEquals((FrameBatch.CAPACITY + 10) * crowd.size(), copies, "no frame is lost");
        final List<byte[]> sent = b.takeSent();
        for (int i = 0; i < sent.size(); i++) {
            assertEquals(i, sent.get(i)[14], "in their order");
        }
        assertEquals(Map.of(), fixture.allDrops());
    }

    @Test
    void shouldDropFloodsBeyondTheQueueAndNoneInPart() throws CommandException {
        for (int i = 4; i < 200; i++) {
            fixture.addPort(i, new PortIdentity(MAC_C + i, 0, 0, 0), false);
        }
        for (int i = 0; i < FrameBatch.CAPACITY; i++) {
            a.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_A, 0x88B5, new byte[46]));
            b.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_B, 0x88B5, new byte[46]));
            c.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_C, 0x88B5, new byte[46]));
        }
        fixture.doAllWork();
        assertEquals(Map.of(DropReason.FLOOD_QUEUE_FULL, 63L), fixture.allDrops());
        assertEquals(3 * FrameBatch.CAPACITY - 63, host.takeSent().size());
    }

    @Test
    void shouldForgetWhatAPortHadStillToFloodWhenItGoes() throws CommandException {
        for (int i = 4; i < 200; i++) {
            fixture.addPort(i, new PortIdentity(MAC_C + i, 0, 0, 0), false);
        }
        a.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_A, 0x88B5, new byte[46]));
        a.inject(ethernet(0xFFFF_FFFF_FFFFL, MAC_A, 0x88B5, new byte[46]));
        fixture.doWork();
        fixture.execute(new Command.RemovePort(0, false));
        fixture.doAllWork();
        assertEquals(Map.of(DropReason.NO_EGRESS, 2L), fixture.allDrops());
        assertEquals(List.of(), fixture.errors());
    }

    @Test
    void shouldCarryOnAfterAnErrorOfTheMachine() {
        learnAll();
        b.failOnce(new InternalError("a fault occurred in an unsafe memory access operation"));
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(InternalError.class, fixture.errors().removeFirst().getClass());
        assertEquals(1, fixture.count(WorkerCounter.ERRORS));
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, b.takeSent().size(), "no queue keeps a frame of the burst that failed");
    }

    @Test
    void shouldRefuseCommandsThatContradictItsTables() {
        assertRefused("already", new Command.AddDomain(1, SwitchFixture.GATEWAY, DomainPolicy.OPEN, new int[4]));
        assertRefused("out of range", new Command.AddDomain(0, SwitchFixture.GATEWAY, DomainPolicy.OPEN, new int[4]));
        assertRefused("out of range",
            new Command.AddDomain(4096, SwitchFixture.GATEWAY, DomainPolicy.OPEN, new int[4]));
        assertRefused("still has ports", new Command.RemoveDomain(1));
        assertRefused("no such domain", new Command.RemoveDomain(77));
        assertRefused("no such domain", new Command.FlushFdb(77));
        assertRefused("no such port", new Command.RemovePort(77, false));
        assertRefused("no such port", new Command.RemovePort(-1, false));
        assertRefused("in use",
            new Command.AddPort(0, 1, 1500, PortKind.ENDPOINT, false, SwitchFixture.GATEWAY, new int[7]));
        assertRefused("no device",
            new Command.AddPort(99, 1, 1500, PortKind.ENDPOINT, false, SwitchFixture.GATEWAY, new int[7]));
        assertRefused("no such domain",
            new Command.AddPort(0, 2, 1500, PortKind.ENDPOINT, false, SwitchFixture.GATEWAY, new int[7]));
        assertRefused("no device",
            new Command.AddPort(-5, 1, 1500, PortKind.ENDPOINT, false, SwitchFixture.GATEWAY, new int[7]));
    }

    @Test
    void shouldAnswerACommandThatFailsInsideAndLogIt() {
        assertRefused("failed",
            new Command.AddDomain(5, SwitchFixture.GATEWAY, DomainPolicy.OPEN, new int[] {1_000_000}));
        assertTrue(fixture.errors().removeFirst() instanceof IndexOutOfBoundsException);
    }

    @Test
    void shouldSayWhenTheRingIsFullOrTheWorkerDoesNotAnswer() {
        fixture.fallAsleep(true);
        CommandException last = null;
        for (int i = 0; i < 5000 && (last == null || last.getMessage().contains("did not answer")); i++) {
            last = assertThrows(CommandException.class, () -> fixture.execute(new Command.FlushFdb(0)));
        }
        assertTrue(last.getMessage().contains("ring is full"), last.getMessage());
        fixture.fallAsleep(false);
        while (fixture.doWork() > 0) {
            // The results of the commands that were given up on are taken by the next call.
        }
        assertRefused("no such port", new Command.RemovePort(77, false));
    }

    @Test
    void shouldForgetEverythingOfAPortThatIsRemoved() throws CommandException {
        learnAll();
        fixture.execute(new Command.RemovePort(1, false));
        assertEquals(3, fixture.poller().watched());
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(0, b.takeSent().size());
        assertEquals(1, c.takeSent().size(), "flooded again");
        fixture.execute(new Command.RemovePort(0, false));
        fixture.execute(new Command.RemovePort(2, false));
        fixture.execute(new Command.RemovePort(3, false));
        fixture.execute(new Command.RemoveDomain(1));
        assertRefused("no such domain", new Command.RemoveDomain(1));
    }

    @Test
    void shouldFlushLearnedEntriesOnCommand() throws CommandException {
        learnAll();
        fixture.execute(new Command.FlushFdb(0));
        a.inject(udpAToB());
        fixture.doWork();
        assertEquals(1, c.takeSent().size(), "flooded, for it has forgotten");
    }

    private void learnAll() {
        a.inject(ethernet(MAC_C + 0x1000, MAC_A, 0x88B5, new byte[46]));
        b.inject(ethernet(MAC_C + 0x1000, MAC_B, 0x88B5, new byte[46]));
        c.inject(ethernet(MAC_C + 0x1000, MAC_C, 0x88B5, new byte[46]));
        fixture.doWork();
        List.of(a, b, c, host).forEach(MemoryDevice::takeSent);
    }

    private void assertRefused(final String why, final Command command) {
        final CommandException ex = assertThrows(CommandException.class, () -> fixture.execute(command));
        assertTrue(ex.getMessage().contains(why), ex.getMessage());
    }
}
