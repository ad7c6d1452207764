package org.sluice.datapath.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
import static org.sluice.datapath.Frames.MAC_GATEWAY;

import java.lang.management.ManagementFactory;
import java.util.List;

import com.sun.management.ThreadMXBean;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.DatagramDevice;
import org.sluice.datapath.Frames;
import org.sluice.datapath.Packets;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.Wire;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.SuperFrameDevice;

/** The hot path allocates nothing: unicast, flooding, learning, gateway answers and drops, a million frames of them. */
class AllocationTest {
    private static final int VNI = 0x77;
    private static final long MAC_R = 0x0242_0A00_0009L;

    @Test
    void shouldNotAllocateWhileForwarding() throws Exception {
        try (SwitchFixture fixture = new SwitchFixture(new PortZero(), SwitchFixture.NAT_PORTS);
            Loop ingress = new Loop(); Loop egress = new Loop()) {
            fixture.addDomain(1);
            fixture.addPort(0, 1, 1500, PortKind.ENDPOINT, false, new PortIdentity(MAC_A, 0, 0, 0), ingress);
            fixture.addPort(1, 1, 1500, PortKind.ENDPOINT, true, new PortIdentity(MAC_B, 0, 0, 0), egress);
            assertAllocatesNothing(fixture);
        }
    }

    /** Plain frames, super-frames that are cut, floods to all VTEPs, and questions that are answered. */
    @Test
    void shouldNotAllocateWhileEncapsulating() throws Exception {
        final byte[] large = Frames.ethernet(MAC_R, MAC_A, 0x0800,
            Packets.tcp("10.0.0.2", 1, "10.0.0.9", 2, Packets.ACK, 1, 1, new byte[2800]));
        final byte[] question = Frames.ethernet(Frames.BROADCAST, MAC_A, 0x0806,
            Frames.arp(1, MAC_A, 0x0A00_0002, 0, 0x0A00_0009));
        try (SwitchFixture fixture = new SwitchFixture(new PortZero(), SwitchFixture.NAT_PORTS);
            DatagramLoop ingress = new DatagramLoop(List.of(
                Frames.ethernet(MAC_R, MAC_A, 0x0800, Packets.udp("10.0.0.2", 1, "10.0.0.9", 2, new byte[64])),
                large, Frames.ethernet(Frames.BROADCAST, MAC_A, 0x88B5, new byte[46]), question),
                Wire.virtioFor(large, 1398));
            DatagramLoop underlay = new DatagramLoop(List.of(new byte[0]), new byte[10])) {
            addOverlay(fixture, ingress, underlay, 0, 1);
            assertAllocatesNothing(fixture);
            assertTrue(fixture.count(2, PortCounter.TX_FRAMES) > 0 && fixture.count(3, PortCounter.TX_FRAMES) > 0);
        }
    }

    /** A stream that is merged, frames that are not, several in one piece, and such as are dropped. */
    @Test
    void shouldNotAllocateWhileDecapsulating() throws Exception {
        final byte[] segment = Frames.ethernet(MAC_A, MAC_R, 0x0800,
            Packets.udp("10.0.0.9", 2, "10.0.0.2", 1, new byte[500]));
        final byte[] datagram = DatagramDevice.vxlan(VNI, segment);
        try (SwitchFixture fixture = new SwitchFixture(new PortZero(), SwitchFixture.NAT_PORTS);
            DatagramLoop underlay = new DatagramLoop(List.of(datagram, datagram,
                Frames.concat(datagram, datagram, DatagramDevice.vxlan(7, segment), datagram),
                DatagramDevice.vxlan(VNI, Frames.ethernet(MAC_A, MAC_R, 0x88B5, new byte[46])),
                DatagramDevice.vxlan(7, segment), new byte[3]), datagram.length);
            DatagramLoop egress = new DatagramLoop(List.of(new byte[0]), new byte[10])) {
            addOverlay(fixture, egress, underlay, 1, 0);
            assertAllocatesNothing(fixture);
            assertTrue(fixture.count(1, PortCounter.TX_FRAMES) > 0, "frames have come out");
        }
    }

    private static void addOverlay(final SwitchFixture fixture, final PacketDevice endpoint,
                                   final PacketDevice underlay, final int endpointPort, final int underlayPort)
        throws CommandException {
        final PortIdentity nobody = new PortIdentity(0, 0, 0, 0);
        fixture.addDomain(1, SwitchFixture.GATEWAY, new DomainPolicy(false, true, true, VNI, true));
        fixture.addDomain(2, nobody, DomainPolicy.OPEN);
        fixture.addVtep(2, 1, 1450, DatagramLoop.PEER);
        fixture.addVtep(3, 1, 1450, "192.0.2.22");
        fixture.execute(new Command.PutRemote(1, 2, new PortIdentity(MAC_R, 0x0A00_0009, 0, 0)));
        fixture.addPort(underlayPort, 2, 65_535, PortKind.UNDERLAY, false, nobody, underlay);
        fixture.addPort(endpointPort, 1, 1500, PortKind.ENDPOINT, true, new PortIdentity(MAC_A, 0x0A00_0002, 0, 0),
            endpoint);
    }

    private static void assertAllocatesNothing(final SwitchFixture fixture) {
        for (int i = 0; i < 20_000; i++) {
            fixture.doWork();
        }
        // What the path allocates, every round shows; what the virtual machine does once, only one: it may
        // deoptimize a method in the middle of a round.
        long fewest = Long.MAX_VALUE;
        for (int round = 0; round < 5 && fewest > 0; round++) {
            fewest = Math.min(fewest, bytesForAMillionFrames(fixture));
        }
        assertEquals(0, fewest, "bytes allocated for a million frames");
    }

    private static long bytesForAMillionFrames(final SwitchFixture worker) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before = threads.getCurrentThreadAllocatedBytes();
        final long start = threads.getCurrentThreadAllocatedBytes();
        int frames = 0;
        while (frames < 1_000_000) {
            frames += worker.doWork();
        }
        return threads.getCurrentThreadAllocatedBytes() - start - (start - before);
    }

    /** Gives the same frames again and again. */
    private static final class Loop implements PacketDevice {
        private static final int STRIDE = 256;
        private static final int HEADROOM = 64;
        private final List<byte[]> frames = List.of(
            Frames.udpAToB(),
            Frames.ethernet(Frames.BROADCAST, MAC_A, 0x0806, Frames.arp(1, MAC_A, 0, 0, Frames.IP_GATEWAY)),
            Frames.ethernet(Frames.BROADCAST, MAC_A, 0x88B5, new byte[46]),
            Frames.ethernet(0x0180_C200_0000L, MAC_A, 0x0026, new byte[46]),
            Frames.ethernet(MAC_GATEWAY, MAC_A, 0x0800, Frames.ipv4(1, 2, 17, Frames.udp(4))),
            Frames.ethernet(0x3333_FF00_0001L, MAC_A, 0x86DD, Frames.ipv6(Frames.IP6_A, Frames.IP6_GATEWAY_SOLICITED,
                58, 255, Frames.solicitation(Frames.IP6_A, Frames.IP6_GATEWAY, true))),
            new byte[5]);
        private final OffHeapRegion region = OffHeapRegion.anonymous(64 * STRIDE);

        @Override
        public int receive(final FrameBatch batch) {
            for (int i = 0; i < 64; i++) {
                final byte[] frame = frames.get(i % 7);
                final long address = region.address() + (long) i * STRIDE + HEADROOM;
                for (int b = 0; b < frame.length; b++) {
                    UnsafeApi.putByte(address + b, frame[b]);
                }
                batch.append(address, frame.length);
            }
            return 64;
        }

        @Override
        public void transmit(final EgressQueue queue) {
            queue.refuse(0, DropReason.EGRESS_REFUSED);
        }

        @Override
        public String name() {
            return "loop";
        }

        @Override
        public void close() {
            region.close();
        }
    }

    /** Gives the same frames or datagrams again and again, from memory as it was at first; refuses some. */
    private static final class DatagramLoop implements SuperFrameDevice {
        private static final String PEER = "192.0.2.21";
        private static final int BURST = 16;
        private static final int STRIDE = 8192;
        private static final int HEADROOM = 128;
        private final List<byte[]> messages;
        private final byte[] virtio;
        private final int segmentBytes;
        private int turn;
        private final long peerHigh = Packets.high(PEER);
        private final long peerLow = Packets.low(PEER);
        private final OffHeapRegion region = OffHeapRegion.anonymous(BURST * STRIDE);

        /** Frames; the virtio-net header is that of the second one. */
        DatagramLoop(final List<byte[]> messages, final byte[] virtio) {
            this(messages, virtio, 0);
        }

        /** Datagrams, those that are longer than a segment being several. */
        DatagramLoop(final List<byte[]> messages, final int segmentBytes) {
            this(messages, null, segmentBytes);
        }

        private DatagramLoop(final List<byte[]> messages, final byte[] virtio, final int segmentBytes) {
            this.messages = messages;
            this.virtio = virtio;
            this.segmentBytes = segmentBytes;
        }

        @Override
        public int receive(final FrameBatch batch) {
            for (int i = 0; i < BURST; i++) {
                final byte[] message = messages.get(i % messages.size());
                final long address = region.address() + (long) i * STRIDE + HEADROOM;
                if (virtio == null) {
                    Datagram.clear(address);
                    Datagram.peer(address, peerHigh, peerLow);
                    Datagram.segmentBytes(address, segmentBytes);
                    Datagram.roomBytes(address, STRIDE - HEADROOM);
                } else {
                    for (int b = 0; b < virtio.length; b++) {
                        UnsafeApi.putByte(address - virtio.length + b, i % messages.size() == 1 ? virtio[b] : 0);
                    }
                }
                for (int b = 0; b < message.length; b++) {
                    UnsafeApi.putByte(address + b, message[b]);
                }
                batch.append(address, message.length);
            }
            return BURST;
        }

        @Override
        public void transmit(final EgressQueue queue) {
            if ((turn++ & 1) == 0) {
                queue.refuse(0, DropReason.EGRESS_REFUSED);
            }
        }

        @Override
        public boolean carriesWhole() {
            return false;
        }

        @Override
        public int sourcePort(final int flow) {
            return 0;
        }

        @Override
        public int tunnelPort() {
            return 0;
        }

        @Override
        public boolean transmitWhole(final long headers, final int headerBytes, final long frame,
                                     final int frameBytes) {
            return false;
        }

        @Override
        public String name() {
            return "loop of datagrams";
        }

        @Override
        public void close() {
            region.close();
        }
    }

    /** Port 0 always has frames. */
    private static final class PortZero implements DevicePoller {
        @Override
        public void add(final int portIndex, final PacketDevice device) {
            // There is nothing to watch.
        }

        @Override
        public void remove(final int portIndex, final PacketDevice device) {
            // There is nothing to watch.
        }

        @Override
        public int poll(final int[] ready, final int timeoutMs) {
            ready[0] = 0;
            return 1;
        }

        @Override
        public void wakeUp() {
            // It never sleeps.
        }

        @Override
        public void close() {
            // It holds nothing.
        }
    }
}
