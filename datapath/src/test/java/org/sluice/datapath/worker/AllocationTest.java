package org.sluice.datapath.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static org.sluice.datapath.Frames.MAC_A;
import static org.sluice.datapath.Frames.MAC_B;
import static org.sluice.datapath.Frames.MAC_GATEWAY;

import java.lang.management.ManagementFactory;
import java.util.List;

import com.sun.management.ThreadMXBean;

import org.agrona.UnsafeApi;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Frames;
import org.sluice.datapath.SwitchFixture;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.device.DevicePoller;
import org.sluice.datapath.device.PacketDevice;

/** The hot path allocates nothing: unicast, flooding, learning, gateway answers and drops, a million frames of them. */
class AllocationTest {
    private static final int MAX_COUNTERS = 256;

    @Test
    void shouldNotAllocateWhileForwarding() throws Exception {
        try (SwitchFixture fixture = new SwitchFixture(new PortZero(), SwitchFixture.NAT_PORTS);
            Loop ingress = new Loop(); Loop egress = new Loop()) {
            fixture.addDomain(1);
            fixture.addPort(0, 1, 1500, PortKind.ENDPOINT, false, new PortIdentity(MAC_A, 0, 0, 0), ingress);
            fixture.addPort(1, 1, 1500, PortKind.ENDPOINT, true, new PortIdentity(MAC_B, 0, 0, 0), egress);
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
            queue.refuse(0);
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
