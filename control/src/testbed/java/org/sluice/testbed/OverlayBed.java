package org.sluice.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.sluice.linux.testbed.TestNamespace;

/**
 * A whole overlay to test on: hosts on an underlay, one overlay network that spans them, and containers on that
 * network. Hosts and containers have numbers, and their addresses follow from these. Closing it removes everything.
 */
public final class OverlayBed implements AutoCloseable {
    public static final int VNI = 4242;
    public static final int UNDERLAY_MTU = 1500;
    public static final String SUBNET = "10.9.0.0/24";
    static final String SUBNET6 = "fd00:9::/64";
    public static final String GATEWAY = "10.9.0.1";
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(6);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Peers peers = keep(new Peers());
    private final UnderlayBridge underlay;
    private final boolean ipv6;

    public OverlayBed() {
        this(false, false);
    }

    /**
     * @param ipv6     whether the tunnels are over IPv6.
     * @param offloads whether the underlay carries super-frames and unfinished checksums.
     */
    public OverlayBed(final boolean ipv6, final boolean offloads) {
        this.ipv6 = ipv6;
        underlay = keep(new UnderlayBridge(UNDERLAY_MTU, offloads));
    }

    public UnderlayBridge underlay() {
        return underlay;
    }

    public Peers peers() {
        return peers;
    }

    /** Closes this together with the rest. */
    public synchronized <T extends AutoCloseable> T keep(final T closeable) {
        open.push(closeable);
        return closeable;
    }

    /** A namespace on the underlay. */
    public TestNamespace host(final int number) {
        final TestNamespace host = keep(new TestNamespace());
        underlay.connect(host, number);
        return host;
    }

    /** A host whose network learns the places of the others' endpoints. */
    public SluiceVxlanHost sluice(final int number) {
        return sluice(host(number), "--vtep-learning", "--mtu", String.valueOf(mtu()));
    }

    /** A host whose network has these options and the VNI. If they name no subnet, it gets one of each family. */
    public SluiceVxlanHost sluice(final TestNamespace host, final String... options) {
        final List<String> create = new ArrayList<>(List.of("--vni", String.valueOf(VNI)));
        create.addAll(List.of(options));
        if (!create.contains("--subnet")) {
            create.addAll(List.of("--subnet", SUBNET, "--subnet", SUBNET6));
        }
        return keep(new SluiceVxlanHost(host, create.toArray(String[]::new)));
    }

    /** Starts several such hosts at once, numbered from 1. */
    public SluiceVxlanHost[] sluices(final int count, final String... options) {
        return sluices(IntStream.rangeClosed(1, count).mapToObj(this::host).toArray(TestNamespace[]::new), options);
    }

    public SluiceVxlanHost[] sluices(final TestNamespace[] hosts, final String... options) {
        final SluiceVxlanHost[] started = new SluiceVxlanHost[hosts.length];
        final CompletableFuture<?>[] starts = new CompletableFuture<?>[hosts.length];
        for (int i = 0; i < hosts.length; i++) {
            final int place = i;
            starts[i] = CompletableFuture.runAsync(() -> started[place] = sluice(hosts[place], options),
                task -> Thread.ofPlatform().daemon().name("start of host " + place).start(task));
        }
        CompletableFuture.allOf(starts).join();
        return started;
    }

    public KernelVxlanHost kernel(final int number) {
        return keep(new KernelVxlanHost(host(number), underlayAddress(number), VNI, mtu()));
    }

    public OvsVxlanHost openVSwitch(final int number) {
        return keep(new OvsVxlanHost(host(number), UnderlayBridge.INTERFACE, underlayAddress(number), VNI, mtu()));
    }

    /** A namespace without a network. */
    public TestNamespace container() {
        return keep(new TestNamespace());
    }

    /** A container on the overlay. */
    public TestNamespace container(final VxlanHost host, final int number) {
        final TestNamespace container = container();
        attach(host, container, number);
        return container;
    }

    public static void attach(final VxlanHost host, final TestNamespace container, final int number) {
        host.attach(container, mac(number), ip(number) + "/24", ip6(number) + "/64");
    }

    /** Makes these hosts, numbered 1, 2 and so on, each other's peers. */
    public void meet(final VxlanHost... hosts) {
        for (int from = 0; from < hosts.length; from++) {
            for (int to = 0; to < hosts.length; to++) {
                if (from != to) {
                    hosts[from].addPeer(underlayAddress(to + 1));
                }
            }
        }
    }

    String underlayAddress(final int number) {
        return ipv6 ? UnderlayBridge.address6(number) : UnderlayBridge.address(number);
    }

    /** The MTU of the overlay. */
    public int mtu() {
        return VxlanHost.mtu(underlayAddress(1), UNDERLAY_MTU);
    }

    public static String ip(final int container) {
        return "10.9.0.1" + container;
    }

    public static String ip6(final int container) {
        return "fd00:9::1" + container;
    }

    public static String mac(final int container) {
        return "02:00:00:00:00:1" + container;
    }

    /** Pings three times. Each ping must be answered exactly once: a second answer would mean a loop. */
    public static void ping(final TestNamespace from, final String address) {
        final String output = from.exec("ping", "-c", "3", "-i", "0.1", "-W", "3", address);
        assertTrue(output.contains("3 received"), output);
        assertFalse(output.contains("DUP!"), output);
    }

    public static boolean reaches(final TestNamespace from, final String address) {
        return from.status("ping", "-c", "1", "-W", "1", address) == 0;
    }

    /** Pings until there is an answer; none within a few seconds fails the test. */
    public static void awaitPing(final TestNamespace from, final String address, final String why) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!reaches(from, address)) {
            assertTrue(System.nanoTime() < deadline, why);
        }
    }

    /** Pings once with a packet of exactly this length, which must not be fragmented. */
    public static String pingWhole(final TestNamespace from, final String address, final int packetBytes) {
        return from.tryExec("ping", "-c", "1", "-W", "3", "-M", "do", "-s",
            String.valueOf(packetBytes - (address.contains(":") ? 48 : 28)), address);
    }

    /** Printable text; the same length always gives the same text. */
    static String text(final int bytes) {
        final StringBuilder text = new StringBuilder(bytes);
        final Random random = new Random(bytes);
        while (text.length() < bytes) {
            text.append((char) ('!' + random.nextInt('~' - '!')));
        }
        return text.toString();
    }

    /** Sends a datagram of this length, and checks that it comes back unchanged, with the sender's address in front. */
    public void echoUdp(final TestNamespace from, final String sender, final TestNamespace to, final String address,
                 final int port, final int bytes) {
        peers.serveUdp(to, address, port);
        final String text = text(bytes);
        final String answer = peers.askUdp(from, address, port, text);
        assertEquals(text, answer.substring(answer.indexOf(' ') + 1), "to " + address);
        assertTrue(answer.startsWith(sender), answer.substring(0, Math.min(answer.length(), 60)));
    }

    @Override
    public void close() {
        Throwable failure = null;
        while (!open.isEmpty()) {
            try {
                open.pop().close();
            } catch (final Exception | AssertionError ex) {
                // Close the rest all the same.
                failure = ex;
            }
        }
        if (failure != null) {
            throw new AssertionError("something could not be closed", failure);
        }
    }
}
