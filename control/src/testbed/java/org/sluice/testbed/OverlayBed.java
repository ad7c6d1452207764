package org.sluice.testbed;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
 * Hosts on an underlay, which have an overlay network in common, and containers on it. Hosts and containers have
 * numbers, by which they have addresses. All is gone once it is closed.
 */
public final class OverlayBed implements AutoCloseable {
    public static final int VNI = 4242;
    public static final int UNDERLAY_MTU = 1500;
    public static final String SUBNET = "10.9.0.0/24";
    public static final String SUBNET6 = "fd00:9::/64";
    public static final String GATEWAY = "10.9.0.1";
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(6);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Peers peers = keep(new Peers());
    private final Underlay underlay;
    private final boolean ipv6;

    public OverlayBed() {
        this(false, false);
    }

    /**
     * @param ipv6     whether the tunnels are over IPv6.
     * @param offloads whether the underlay takes super-frames, as no wire does.
     */
    public OverlayBed(final boolean ipv6, final boolean offloads) {
        this.ipv6 = ipv6;
        underlay = keep(new Underlay(UNDERLAY_MTU, offloads));
    }

    public Underlay underlay() {
        return underlay;
    }

    public Peers peers() {
        return peers;
    }

    /** Has it closed with the rest. */
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

    /** A host whose network learns where the others' endpoints are. */
    public SluiceVxlanHost sluice(final int number) {
        return sluice(host(number), "--vtep-learning", "--mtu", String.valueOf(mtu()));
    }

    /** A host whose network has these options besides its VNI, and subnets of both families if they name none. */
    public SluiceVxlanHost sluice(final TestNamespace host, final String... options) {
        final List<String> create = new ArrayList<>(List.of("--vni", String.valueOf(VNI)));
        create.addAll(List.of(options));
        if (!create.contains("--subnet")) {
            create.addAll(List.of("--subnet", SUBNET, "--subnet", SUBNET6));
        }
        return keep(new SluiceVxlanHost(host, create.toArray(String[]::new)));
    }

    /** Hosts with such networks, numbered from 1, all started at once. */
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
        return keep(new OvsVxlanHost(host(number), Underlay.INTERFACE, underlayAddress(number), VNI, mtu()));
    }

    /** A namespace that is nowhere yet. */
    public TestNamespace container() {
        return keep(new TestNamespace());
    }

    /** A container on the overlay. */
    public TestNamespace container(final OverlayHost host, final int number) {
        final TestNamespace container = container();
        attach(host, container, number);
        return container;
    }

    public static void attach(final OverlayHost host, final TestNamespace container, final int number) {
        host.attach(container, mac(number), ip(number) + "/24", ip6(number) + "/64");
    }

    /** Each of these, which are hosts 1, 2 and so on, hears of all the others. */
    public void meet(final OverlayHost... hosts) {
        for (int from = 0; from < hosts.length; from++) {
            for (int to = 0; to < hosts.length; to++) {
                if (from != to) {
                    hosts[from].addPeer(underlayAddress(to + 1));
                }
            }
        }
    }

    public String underlayAddress(final int number) {
        return ipv6 ? Underlay.address6(number) : Underlay.address(number);
    }

    /** What a packet of the overlay may have. */
    public int mtu() {
        return OverlayHost.mtu(underlayAddress(1), UNDERLAY_MTU);
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

    /** Three in a row are answered, once each: one that comes twice is a loop. */
    public static void ping(final TestNamespace from, final String address) {
        final String output = from.exec("ping", "-c", "3", "-i", "0.1", "-W", "3", address);
        assertTrue(output.contains("3 received") && !output.contains("DUP!"), output);
    }

    public static boolean reaches(final TestNamespace from, final String address) {
        return from.status("ping", "-c", "1", "-W", "1", address) == 0;
    }

    /** Within a few seconds a ping is answered. */
    public static void awaitPing(final TestNamespace from, final String address, final String why) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!reaches(from, address)) {
            assertTrue(System.nanoTime() < deadline, why);
        }
    }

    /** One ping that must not be cut, in a packet of so many bytes. */
    public static String pingWhole(final TestNamespace from, final String address, final int packetBytes) {
        return from.tryExec("ping", "-c", "1", "-W", "3", "-M", "do", "-s",
            String.valueOf(packetBytes - (address.contains(":") ? 48 : 28)), address);
    }

    /** Printable, and always the same for the same number of bytes. */
    public static String text(final int bytes) {
        final StringBuilder text = new StringBuilder(bytes);
        final Random random = new Random(bytes);
        while (text.length() < bytes) {
            text.append((char) ('!' + random.nextInt('~' - '!')));
        }
        return text.toString();
    }

    /** A datagram of so many bytes goes there and comes back as it was, with the address that it was seen from. */
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
                // The rest is closed all the same.
                failure = ex;
            }
        }
        if (failure != null) {
            throw new AssertionError("something could not be closed", failure);
        }
    }
}
