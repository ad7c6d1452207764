package org.sluice.bench.compare;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Lan;
import org.sluice.testbed.ParityHost;
import org.sluice.testbed.Peers;

/**
 * A host with a crowded network, in which the attacker is, and a quiet one, in which two containers ping each other.
 * The attacker of a published port is a client on the LAN; its victim is another client of the same port. Used by one
 * thread.
 */
final class AttackBed implements AutoCloseable {
    private static final String CROWD_BROADCAST = "10.98.0.255";
    private static final String ATTACKER = "10.98.0.2";
    private static final String VICTIM = "10.97.0.3";
    private static final String BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
    private static final String NOBODYS_MAC = "02:de:ad:be:ef:01";
    private static final String LOOPBACK = "lo";
    private static final int PORT = 80;
    private static final int ASK_TIMEOUT_MS = 1000;
    private static final double NS_PER_MS = 1e6;
    private static final byte[] QUESTION = "hello".getBytes(StandardCharsets.US_ASCII);
    /** A victim that hangs ends after so many seconds; what it has not asked by then counts as lost. */
    private static final int LIMIT_SECONDS = 40;
    private static final int PATIENCE_SECONDS = 60;

    private final Resources resources = new Resources();
    private final Lan lan;
    private final TestNamespace attacker;
    private final TestNamespace quiet;
    private final int asked;
    private final int intervalMs;

    /**
     * @param system     makes the host to measure.
     * @param crowd      containers in the attacker's network.
     * @param asked      round trips of a measurement.
     * @param intervalMs between two of them.
     */
    AttackBed(final Function<Lan, ParityHost> system, final int crowd, final int asked, final int intervalMs) {
        this.asked = asked;
        this.intervalMs = intervalMs;
        try {
            lan = resources.keep(new Lan());
            // What comes back of the attack on a published port meets silence, not resets.
            lan.client1().exec("iptables", "-w", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j",
                "DROP");
            final ParityHost host = resources.keep(system.apply(lan));
            host.network("quiet", 97, false, false, true);
            host.network("crowd", 98, false, false, true);
            quiet = host.container("quiet", "one");
            host.container("quiet", "two");
            attacker = host.container("crowd", "c1");
            final TestNamespace server = host.container("crowd", "c2");
            for (int i = 3; i <= crowd; i++) {
                host.container("crowd", "c" + i);
            }
            host.publish("c2", PORT + ":" + PORT);
            resources.keep(new Peers()).serveTcp(server, PORT);
        } catch (final RuntimeException | AssertionError ex) {
            resources.close();
            throw ex;
        }
    }

    /** The victim's round trips while nobody attacks. */
    Delays idle(final Attack attack) {
        return victim(attack);
    }

    /** The same under attack. */
    Delays under(final Attack attack) {
        return during(attack, "eth0");
    }

    /** The same while the attacker sends to its own loopback: what its use of a core costs the victim. */
    Delays besideBusyCore(final Attack attack) {
        return during(attack, LOOPBACK);
    }

    private Delays during(final Attack attack, final String link) {
        final boolean published = attack.aim() == Attack.Aim.PUBLISHED;
        final TestNamespace from = published ? lan.client1() : attacker;
        final String seconds = String.valueOf(asked * intervalMs / 1000.0 + 1);
        try (Program program = Program.start(Place.of(from), System.getProperty("sluice.bench.tools") + "/attack",
            attack.kind(), link, String.valueOf(attack.rate()), seconds, macOf(attack),
            published ? Lan.CLIENT_1 : ATTACKER, addressOf(attack))) {
            Program.sleep(500);
            final Delays delays = victim(attack);
            program.output(PATIENCE_SECONDS);
            return delays;
        } finally {
            Program.sleep(1000);
        }
    }

    private String macOf(final Attack attack) {
        return switch (attack.aim()) {
            case BROADCAST -> BROADCAST_MAC;
            case UNKNOWN -> NOBODYS_MAC;
            case OUTSIDE -> neighbour(attacker, "10.98.0.1");
            case PUBLISHED -> neighbour(lan.client1(), Lan.HOST);
        };
    }

    private static String addressOf(final Attack attack) {
        return switch (attack.aim()) {
            case BROADCAST -> CROWD_BROADCAST;
            case UNKNOWN -> "10.98.0.254";
            case OUTSIDE -> Lan.WORLD;
            case PUBLISHED -> Lan.HOST;
        };
    }

    private static String neighbour(final TestNamespace from, final String address) {
        from.exec("ping", "-c", "1", "-W", "5", address);
        return Program.after(from.exec("ip", "neigh", "show", address), "lladdr");
    }

    private Delays victim(final Attack attack) {
        return attack.aim() == Attack.Aim.PUBLISHED ? Peers.in(lan.client2(), this::ask) : ping();
    }

    private Delays ping() {
        final String output = quiet.tryExec("ping", "-n", "-c", String.valueOf(asked), "-i",
            String.valueOf(intervalMs / 1000.0), "-W", "2", VICTIM);
        return Delays.of(output.lines().map(line -> line.split("time=")).filter(parts -> parts.length == 2)
            .mapToDouble(parts -> Double.parseDouble(parts[1].split(" ")[0])).toArray(), asked);
    }

    /** Connects to the published port, asks, and reads the answer. */
    private Delays ask() throws InterruptedException {
        final double[] delays = new double[asked];
        int answered = 0;
        final long start = System.nanoTime();
        final byte[] answer = new byte[256];
        for (int i = 0; i < asked; i++) {
            final long waitNs = start + TimeUnit.MILLISECONDS.toNanos((long) i * intervalMs) - System.nanoTime();
            if (waitNs > 0) {
                TimeUnit.NANOSECONDS.sleep(waitNs);
            } else if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                break;
            }
            final long before = System.nanoTime();
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(ASK_TIMEOUT_MS);
                socket.connect(new InetSocketAddress(Lan.HOST, PORT), ASK_TIMEOUT_MS);
                socket.getOutputStream().write(QUESTION);
                if (socket.getInputStream().read(answer) > 0) {
                    delays[answered++] = (System.nanoTime() - before) / NS_PER_MS;
                }
            } catch (final IOException ex) {
                continue; // lost
            }
        }
        return Delays.of(Arrays.copyOf(delays, answered), asked);
    }

    @Override
    public void close() {
        resources.close();
    }
}
