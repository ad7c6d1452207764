package org.sluice.linux.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.device.PacketDevice;
import org.sluice.linux.netlink.Link;
import org.sluice.linux.netlink.RouteNetlink;
import org.sluice.linux.sys.NativeException;
import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;

@RequiresRoot
class TapDeviceTest {
    private static final long MAC = 0x0242_0A63_0002L;

    private final TestNamespace namespace = new TestNamespace();
    private final NetNamespace opened = namespace.open();
    private final FrameBatch batch = new FrameBatch();

    @AfterEach
    void clean() {
        batch.close();
        opened.close();
        namespace.close();
    }

    @Test
    void shouldReceiveWhatTheKernelSendsAndSendWhatItReceives() {
        try (TapDevice tap = makeUp("tap0"); EpollPoller poller = new EpollPoller()) {
            poller.add(5, tap);
            namespace.exec("ip", "addr", "add", "10.99.0.1/24", "dev", "tap0");
            namespace.exec("ip", "neigh", "add", "10.99.0.2", "lladdr", "02:42:0a:63:00:09", "dev", "tap0");
            namespace.exec("bash", "-c", "echo hello > /dev/udp/10.99.0.2/999");
            final byte[] frame = receiveIpv4(tap, poller);
            assertArrayEquals(new byte[] {0x02, 0x42, 0x0a, 0x63, 0x00, 0x09}, Arrays.copyOf(frame, 6));
            final long before = receivedByKernel();
            final EgressQueue queue = new EgressQueue();
            queue.add(batch.address(0), batch.length(0));
            tap.transmit(queue);
            assertEquals(1, queue.acceptedFrames());
            assertEquals(before + 1, receivedByKernel());
        }
    }

    @Test
    void shouldRefuseFramesWhileTheInterfaceIsDown() {
        try (TapDevice tap = opened.call(() -> TapDevice.create("tap0", "test"))) {
            batch.clear();
            batch.append(batch.slotAddress(), 60);
            final EgressQueue queue = new EgressQueue();
            queue.add(batch.address(0), 60);
            tap.transmit(queue);
            assertEquals(1, queue.refusedFrames());
            assertEquals(0, queue.acceptedBytes());
        }
    }

    @Test
    void shouldSayThatTheNameIsTakenOrNotOne() {
        try (TapDevice tap = makeUp("tap0")) {
            assertTrue(tap.offloads() != 0);
            final NativeException ex =
                assertThrows(NativeException.class, () -> opened.call(() -> TapDevice.create("tap0", "test")));
            assertTrue(ex.getMessage().startsWith("ioctl(TUNSETIFF, tap0): EBUSY"), ex.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> TapDevice.create("a-name-that-is-too-long", "test"));
        assertThrows(IllegalArgumentException.class, () -> TapDevice.create("", "test"));
    }

    @Test
    void shouldStayWhenPersistentAndBeTakenUpAgain() {
        makeUp("tap0").close();
        assertThrows(AssertionError.class, () -> namespace.exec("ip", "link", "show", "tap0"), "it has gone");
        final TapDevice tap = makeUp("tap0");
        tap.persistent(true);
        tap.close();
        namespace.exec("ip", "link", "show", "tap0");
        try (TapDevice again = opened.call(() -> TapDevice.attach("tap0", "test"))) {
            again.persistent(false);
        }
        assertThrows(AssertionError.class, () -> namespace.exec("ip", "link", "show", "tap0"));
    }

    @Test
    void shouldGoWithTheNamespaceThatItWasMovedTo() throws Exception {
        try (TestNamespace other = new TestNamespace(); EpollPoller poller = new EpollPoller()) {
            final TapDevice tap = opened.call(() -> TapDevice.create("tap0", "test"));
            poller.add(3, tap);
            try (NetNamespace target = other.open()) {
                opened.call(() -> {
                    try (RouteNetlink netlink = new RouteNetlink()) {
                        netlink.move(netlink.link("tap0").orElseThrow(), target.fd(), "eth7");
                    }
                    return null;
                });
            }
            other.exec("ip", "link", "set", "eth7", "up");
            batch.clear();
            assertTrue(tap.receive(batch) >= 0, "the descriptor still works");
            other.delete();
            final int[] ready = new int[8];
            int received = 0;
            for (int i = 0; i < 100 && received != PacketDevice.GONE; i++) {
                poller.poll(ready, 100);
                batch.clear();
                received = tap.receive(batch);
            }
            assertEquals(PacketDevice.GONE, received);
            poller.remove(3, tap);
            tap.close();
        }
    }

    @Test
    void shouldWakeUpAPollerFromAnotherThread() {
        try (EpollPoller poller = new EpollPoller()) {
            poller.wakeUp();
            final long start = System.nanoTime();
            assertEquals(0, poller.poll(new int[4], 10_000));
            assertTrue(System.nanoTime() - start < 5_000_000_000L);
            assertEquals(0, poller.poll(new int[4], 0), "a wake-up counts once");
        }
    }

    private TapDevice makeUp(final String name) {
        return opened.call(() -> {
            final TapDevice tap = TapDevice.create(name, "test");
            try (RouteNetlink netlink = new RouteNetlink()) {
                final Link link = netlink.link(name).orElseThrow();
                netlink.configure(link, MAC, 1400);
            }
            return tap;
        });
    }

    private byte[] receiveIpv4(final TapDevice tap, final EpollPoller poller) {
        final int[] ready = new int[4];
        for (int tries = 0; tries < 100; tries++) {
            batch.clear();
            if (poller.poll(ready, 100) > 0) {
                assertEquals(5, ready[0]);
                tap.receive(batch);
                for (int i = 0; i < batch.size(); i++) {
                    final byte[] frame = new byte[batch.length(i)];
                    new UnsafeBuffer(batch.address(i), frame.length).getBytes(0, frame);
                    if (frame[12] == 0x08 && frame[13] == 0) {
                        return frame;
                    }
                }
            }
        }
        throw new AssertionError("the kernel sent no IPv4 frame");
    }

    private long receivedByKernel() {
        return Long.parseLong(namespace.exec("cat", "/sys/class/net/tap0/statistics/rx_packets").strip());
    }
}
