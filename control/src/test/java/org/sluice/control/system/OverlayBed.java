package org.sluice.control.system;

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

import org.sluice.linux.TestNamespace;

/**
 * Hosts on an underlay, which have an overlay network in common, and containers on it. Hosts and containers have
 * numbers, by which they have addresses. All is gone once it is closed.
 */
final class OverlayBed implements AutoCloseable {
    static final int VNI = 4242;
    static final int UNDERLAY_MTU = 1500;
    static final String SUBNET = "10.9.0.0/24";
    static final String SUBNET6 = "fd00:9::/64";
    static final String GATEWAY = "10.9.0.1";
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(6);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final Peers peers = keep(new Peers());
    private final Underlay underlay;
    private final boolean ipv6;

    OverlayBed() {
        this(false, false);
    }

    /**
     * @param ipv6     whether the tunnels are over IPv6.
     * @param offloads whether the underlay takes super-frames, as no wire does.
     */
    OverlayBed(final boolean ipv6, final boolean offloads) {
        this.ipv6 = ipv6;
        underlay = keep(new Underlay(UNDERLAY_MTU, offloads));
    }

    Underlay underlay() {
        return underlay;
    }

    Peers peers() {
        return peers;
    }

    /** Has it closed with the rest. */
    synchronized <T extends AutoCloseable> T keep(final T closeable) {
        open.push(closeable);
        return closeable;
    }

    /** A namespace on the underlay. */
    TestNamespace host(final int number) {
        final TestNamespace host = keep(new TestNamespace());
        underlay.connect(host, number);
        return host;
    }

    /** A host whose network learns where the others' endpoints are. */
    SluiceVxlanHost sluice(final int number) {
        return sluice(host(number), "--vtep-learning", "--mtu", String.valueOf(mtu()));
    }

    /** A host whose network has these options besides its VNI, and subnets of both families if they name none. */
    SluiceVxlanHost sluice(final TestNamespace host, final String... options) {
        final List<String> create = new ArrayList<>(List.of("--vni", String.valueOf(VNI)));
        create.addAll(List.of(options));
        if (!create.contains("--subnet")) {
            create.addAll(List.of("--subnet", SUBNET, "--subnet", SUBNET6));
        }
        return keep(new SluiceVxlanHost(host, create.toArray(String[]::new)));
    }

    /** Hosts with such networks, numbered from 1, all started at once. */
    SluiceVxlanHost[] sluices(final int count, final String... options) {
        return sluices(IntStream.rangeClosed(1, count).mapToObj(this::host).toArray(TestNamespace[]::new), options);
    }

    SluiceVxlanHost[] sluices(final TestNamespace[] hosts, final String... options) {
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

    KernelVxlanHost kernel(final int number) {
        return keep(new KernelVxlanHost(host(number), underlayAddress(number), VNI, mtu()));
    }

    OvsVxlanHost openVSwitch(final int number) {
        return keep(new OvsVxlanHost(host(number), Underlay.INTERFACE, underlayAddress(number), VNI, mtu()));
    }

    /** A namespace that is nowhere yet. */
    TestNamespace container() {
        return keep(new TestNamespace());
    }

    /** A container on the overlay. */
    TestNamespace container(final OverlayHost host, final int number) {
        final TestNamespace container = container();
        attach(host, container, number);
        return container;
    }

    static void attach(final OverlayHost host, final TestNamespace container, final int number) {
        host.attach(container, mac(number), ip(number) + "/24", ip6(number) + "/64");
    }

    /** Each of these, which are hosts 1, 2 and so on, hears of all the others. */
    void meet(final OverlayHost... hosts) {
        for (int from = 0; from < hosts.length; from++) {
            for (int to = 0; to < hosts.length; to++) {
                if (from != to) {
                    hosts[from].addPeer(underlayAddress(to + 1));
                }
            }
        }
    }

    String underlayAddress(final int number) {
        return ipv6 ? Underlay.address6(number) : Underlay.address(number);
    }

    /** What a packet of the overlay may have. */
    int mtu() {
        return OverlayHost.mtu(underlayAddress(1), UNDERLAY_MTU);
    }

    static String ip(final int container) {
        return "10.9.0.1" + container;
    }

    static String ip6(final int container) {
        return "fd00:9::1" + container;
    }

    static String mac(final int container) {
        return "02:00:00:00:00:1" + container;
    }

    /** Three in a row are answered, once each: one that comes twice is a loop. */
    static void ping(final TestNamespace from, final String address) {
        final String output = from.exec("ping", "-c", "3", "-i", "0.1", "-W", "3", address);
        assertTrue(output.contains("3 received") && !output.contains("DUP!"), output);
    }

    static boolean reaches(final TestNamespace from, final String address) {
        return from.status("ping", "-c", "1", "-W", "1", address) == 0;
    }

    /** Within a few seconds a ping is answered. */
    static void awaitPing(final TestNamespace from, final String address, final String why) {
        final long deadline = System.nanoTime() + PATIENCE_NS;
        while (!reaches(from, address)) {
            assertTrue(System.nanoTime() < deadline, why);
        }
    }

    /** One ping that must not be cut, in a packet of so many bytes. */
    static String pingWhole(final TestNamespace from, final String address, final int packetBytes) {
        return from.tryExec("ping", "-c", "1", "-W", "3", "-M", "do", "-s",
            String.valueOf(packetBytes - (address.contains(":") ? 48 : 28)), address);
    }

    /** Printable, and always the same for the same number of bytes. */
    static String text(final int bytes) {
        final StringBuilder text = new StringBuilder(bytes);
        final Random random = new Random(bytes);
        while (text.length() < bytes) {
            text.append((char) ('!' + random.nextInt('~' - '!')));
        }
        return text.toString();
    }

    /** A datagram of so many bytes goes there and comes back as it was, with the address that it was seen from. */
    void echoUdp(final TestNamespace from, final String sender, final TestNamespace to, final String address,
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
