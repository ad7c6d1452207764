package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTable;
import org.sluice.datapath.conntrack.FlowTuple;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.linux.testbed.RequiresRoot;

/** What the steering takes from the host, and what it leaves. */
@RequiresRoot
class SteeringTest extends UplinkScene {
    private static final int IP_REASSEMBLIES_COLUMN = 14;
    private static final int CAPACITY = 1 << 14;
    /** The virtio-net header stands in front of a frame; zero leaves no work to the kernel. */
    private static final int HEADROOM = 64;

    /** A worker's table of connections, all of them masqueraded. */
    private static final class Claims implements AutoCloseable {
        private final OffHeapRegion region = OffHeapRegion.anonymous(ConntrackTable.regionBytes(CAPACITY));
        private final OffHeapRegion tuples = OffHeapRegion.anonymous(2L * FlowTuple.BYTES);
        private final ConntrackTable table = new ConntrackTable(region,
            new ConntrackConfig(CAPACITY, CAPACITY, true, true, ConntrackConfig.defaultTimeouts()), 99,
            System.nanoTime());

        private Claims(final Command.ClaimTuples command) {
            table.claimIn(command.memory(), command.bucketBits(), command.seed());
        }

        private long await(final int protocol, final String remote, final int remotePort, final String local,
                           final int localPort) throws Exception {
            final long original = tuples.address();
            final long reply = original + FlowTuple.BYTES;
            final InetAddress peer = InetAddress.getByName(remote);
            final InetAddress own = InetAddress.getByName(local);
            FlowTuple.source(original, IpAddress.high(own), 77);
            FlowTuple.destination(original, IpAddress.high(peer), IpAddress.low(peer));
            FlowTuple.ports(original, FlowTuple.ports(protocol, localPort, remotePort));
            FlowTuple.invert(original, reply);
            FlowTuple.destination(reply, IpAddress.high(own), IpAddress.low(own));
            final long connection = table.create(original, reply, 1, -1, Connection.SNAT, System.nanoTime());
            assertNotEquals(ConntrackTable.NONE, connection);
            return connection;
        }

        private void end(final long connection) {
            table.remove(connection);
        }

        @Override
        public void close() {
            region.close();
            tuples.close();
        }
    }

    @Test
    void shouldTakeTheAnswersThatTheSwitchAwaits() throws Exception {
        try (Claims claims = new Claims(steering.claim())) {
            final long answer = claims.await(17, "192.0.2.1", 7007, "192.0.2.10", 700);
            claims.await(17, "2001:db8::1", 7007, "2001:db8::10", 60_001);
            final long refusedBefore = refusedByHost("Udp:", 2);
            sendFrom(7007, "192.0.2.10", 700);
            sendFrom(7007, "192.0.2.10", 701);
            sendFrom(7008, "192.0.2.10", 700);
            sendFrom(7007, "2001:db8::10", 60_001);
            sendFrom(7008, "2001:db8::10", 60_001);
            assertEquals(List.of("4:700", "6:60001"), receive());
            assertEquals(refusedBefore + 2, refusedByHost("Udp:", 2), "the other two of IPv4 are the host's");
            claims.end(answer);
            sendFrom(7007, "192.0.2.10", 700);
            assertEquals(List.of(), receive());
            assertEquals(refusedBefore + 3, refusedByHost("Udp:", 2));
        }
    }

    @Test
    void shouldTakeTheFirstPacketAfterTheHostsSocketHasGone() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        try (DatagramSocket older = opened.call(() -> new DatagramSocket(7000))) {
            older.connect(new InetSocketAddress("192.0.2.1", 7007));
            sendFrom(7007, "192.0.2.10", 7000);
            receive(); // a copy, because the filter has only now heard of the socket
            sendFrom(7007, "192.0.2.10", 7000);
            assertEquals(List.of(), receive());
        }
        final long refusedBefore = refusedByHost("Udp:", 2);
        final long dueBefore = ingress.due();
        sendFrom(7007, "192.0.2.10", 7000);
        sendFrom(7007, "192.0.2.10", 7000);
        assertEquals(List.of("4:7000", "4:7000"), receive());
        assertEquals(refusedBefore, refusedByHost("Udp:", 2));
        assertEquals(2, ingress.due() - dueBefore);
        device.takeMissed();
        assertTrue(ingress.due() <= device.offered(), "the ring has had all that was due");
    }

    @Test
    void shouldTellTensOfThousandsOfAnswersFromAllOthers() throws Exception {
        try (Claims claims = new Claims(steering.claim())) {
            for (int port = 1024; port < 11_024; port++) {
                claims.await(17, "192.0.2.1", 7007, "192.0.2.10", port);
            }
            for (final int port : new int[] {1023, 1024, 5060, 11_023, 11_024, 40_000}) {
                sendFrom(7007, "192.0.2.10", port);
                sendFrom(7006, "192.0.2.10", port);
            }
            assertEquals(List.of("4:1024", "4:5060", "4:11023"), receive());
        }
    }

    @Test
    void shouldFindThePortBehindExtensionHeaders() throws Exception {
        steering.set(InetAddress.getByName("::"), UDP, 7001, 7001, true);
        send("2001:db8::10", 7001);
        receiveOne();
        final long refusedBefore = countedByHost("Udp6NoPorts");
        final EgressQueue queue = new EgressQueue();
        try (OffHeapRegion region = OffHeapRegion.anonymous(2048)) {
            // Destination options with padding (RFC 8200, 4.2), twice.
            final UnsafeBuffer longer = region.slice(HEADROOM, batch.length(0) + 16);
            longer.putBytes(0, new UnsafeBuffer(batch.address(0), 54), 0, 54);
            longer.putByte(20, (byte) 60);
            longer.putShort(18, (short) (longer.getShort(18, ByteOrder.BIG_ENDIAN) + 16), ByteOrder.BIG_ENDIAN);
            longer.putBytes(54, new byte[] {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0});
            longer.putBytes(70, new UnsafeBuffer(batch.address(0) + 54, batch.length(0) - 54), 0,
                batch.length(0) - 54);
            queue.add(region.address() + HEADROOM, batch.length(0) + 16);
            try (UplinkDevice other =
                     wire.open().call(() -> UplinkDevice.open("w0", wireIndex(), steering.filterFd()))) {
                other.transmit(queue);
            }
            receiveOne();
            assertEquals(refusedBefore, countedByHost("Udp6NoPorts"), "and the host has not");
        }
    }

    @Test
    void shouldKeepFragmentsOfItsPacketsFromTheHost() throws Exception {
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 7000, 7000, true);
        final long before = refusedByHost("Ip:", IP_REASSEMBLIES_COLUMN);
        for (final String destination : List.of("192.0.2.10/7000", "192.0.2.10/7001")) {
            wire.exec("bash", "-c", "head -c 4000 /dev/zero > /dev/udp/" + destination);
        }
        assertEquals(5, receive().size(), "three of its own, and two that may be");
        assertEquals(before + 3, refusedByHost("Ip:", IP_REASSEMBLIES_COLUMN), "the host has the fragments of its own");
    }

    @Test
    void shouldSteerMoreAddressesThanAnyHostHas() throws Exception {
        for (int i = 0; i < 20_000; i++) {
            steering.addAddress(InetAddress.getByAddress(new byte[] {10, 1, (byte) (i >>> 8), (byte) i}));
        }
        for (int i = 0; i < 2000; i++) {
            final InetAddress address = InetAddress.getByAddress(new byte[] {10, 1, (byte) (i >>> 8), (byte) i});
            steering.set(address, UDP, 7000 + i, 7010 + i, true);
        }
        steering.set(InetAddress.getByName("192.0.2.10"), UDP, 1000, 2000, true);
        for (final int port : new int[] {999, 1000, 1500, 2000, 2001, 7000}) {
            send("192.0.2.10", port);
        }
        assertEquals(List.of("4:1000", "4:1500", "4:2000"), receive());
    }
}
