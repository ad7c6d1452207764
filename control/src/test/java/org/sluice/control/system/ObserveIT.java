package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;
import static org.sluice.testbed.TextAssertions.assertRefused;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Await;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** Looking at packets while they pass: the trace's words, and a file that others read. */
@RequiresRoot
class ObserveIT {
    private static final String A = "10.77.0.2";

    private final Lan lan = new Lan();
    private final Peers peers = new Peers();
    private final SluiceHost host = new SluiceHost(lan::connect);
    @TempDir
    private Path folder;
    private TestNamespace a;

    @BeforeEach
    void attach() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24");
        a = host.attach("web", "a");
    }

    @AfterEach
    void close() {
        peers.close();
        host.close();
        lan.close();
    }

    @Test
    void shouldTellStageByStageWhatBecomesOfPackets() throws Exception {
        final String text = whilePinging(() -> host.ok("trace", "-c", "2", "a", "icmp"));

        assertContainsAll(text, "a  icmp " + A + " > " + Lan.WORLD + " id ");
        assertTrue(text.matches("(?s).*conntrack +(new connection|packet \\d+ of its connection), ORIGINAL, SNAT\\n.*"),
            text);
        assertTrue(text.matches("(?s).*route +through eth0 as " + Lan.HOST + " > " + Lan.WORLD + " id \\d+\\n.*"),
            text);
        assertTrue(text.matches("(?s).*transmit +sent through eth0\\n.*"), text);
    }

    @Test
    void shouldTraceAsJson() throws Exception {
        final String[] lines = whilePinging(
            () -> host.ok("trace", "--json", "-c", "1", "host", Lan.WORLD, "and", "network", "web")).split("\n");

        final JsonNode packet = JsonMapper.builder().build().readTree(lines[0]);
        assertEquals("parse", packet.path("steps").get(0).path("stage").asText());
    }

    @Test
    void shouldTellWhyAPacketIsDropped() throws Exception {
        // It must know the gateway's MAC address: a question in the other's name would be dropped before any packet.
        a.exec("ping", "-c", "1", "-W", "3", "10.77.0.1");
        a.exec("ip", "addr", "add", "10.77.0.99/24", "dev", "eth0");

        final String spoofed = whileRunning(() -> host.ok("trace", "-c", "1", "host", "10.77.0.99", "icmp"),
            () -> a.exec("bash", "-c", "ping -c 1 -W 1 -I 10.77.0.99 " + Lan.WORLD + " || true"));

        assertContainsAll(spoofed, "dropped: source IPv4 address that is not the endpoint's own");
    }

    @Test
    void shouldNameTheInterfaceThatIsNoUplink() throws Exception {
        host.namespace().exec("ip", "tuntap", "add", "wg0", "mode", "tun");
        host.namespace().exec("ip", "link", "set", "wg0", "up");
        host.namespace().exec("ip", "route", "add", "203.0.113.0/24", "dev", "wg0");

        final String text = whileRunning(() -> host.ok("trace", "-c", "1", "host", "203.0.113.9", "icmp"),
            () -> a.exec("bash", "-c", "ping -c 1 -W 1 203.0.113.9 || true"));

        assertContainsAll(text, "answered with an ICMP error: packet whose route leads out by an interface that is no"
            + " uplink, or into an encapsulation (wg0)");
    }

    @Test
    void shouldWriteWhatOthersRead() throws Exception {
        final Path file = folder.resolve("a.pcapng");
        final String said = whilePinging(() -> host.ok("capture", "-w", file.toString(), "-c", "8", "icmp"));

        assertTrue(said.startsWith("8 frames in " + file), said);
        final String read = TestNamespace.run("tcpdump", "-n", "-r", file.toString());
        assertContainsAll(read, "IP " + A + " > " + Lan.WORLD + ": ICMP echo request",
            "IP " + Lan.HOST + " > " + Lan.WORLD + ": ICMP echo request");
        assertEquals(8, read.lines().filter(line -> line.contains("ICMP")).count());

        whilePinging(() -> host.ok("capture", "-w", file.toString(), "-c", "2", "-s", "40", "a"));
        assertTrue(Files.size(file) < 600, "cut off");
    }

    /** Whoever owns the folder could otherwise have root overwrite any file. */
    @Test
    void shouldWriteAFileOfItsOwnThatOnlyRootReads() throws Exception {
        final Path precious = Files.writeString(folder.resolve("precious"), "precious");
        final Path link = Files.createSymbolicLink(folder.resolve("link"), precious);
        final Path hard = Files.createLink(folder.resolve("hard"), precious);
        assertRefused(host.sluice("capture", "-w", link.toString(), "-c", "1"), "no regular file");
        TestNamespace.run("mkfifo", folder.resolve("fifo").toString());
        assertRefused(host.sluice("capture", "-w", folder.resolve("fifo").toString(), "-c", "1"), "no regular file");

        whilePinging(() -> host.ok("capture", "-w", hard.toString(), "-c", "1"));

        assertEquals("precious", Files.readString(precious));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(hard)));
    }

    /** What takes the file's place while the capture runs stays as it is. */
    @Test
    void shouldKeepToTheFileThatItHasOpened() throws Exception {
        final Path precious = Files.writeString(folder.resolve("precious"), "precious");
        final Path file = folder.resolve("a.pcapng");
        final Path moved = folder.resolve("moved");
        final Process capture = host.spawn("capture", "--run-dir", host.runDir().toString(), "-w", file.toString());
        Await.untilTrue("the capture has begun", () -> Files.exists(file));
        Files.move(file, moved);
        Files.createSymbolicLink(file, precious);
        a.exec("ping", "-c", "1", "-W", "5", Lan.WORLD);
        capture.destroy();
        assertTrue(capture.waitFor(10, TimeUnit.SECONDS));
        assertEquals("precious", Files.readString(precious));
        assertTrue(TestNamespace.run("tcpdump", "-n", "-r", moved.toString()).contains("echo reply"));
    }

    @Test
    void shouldWriteToStandardOutput() throws Exception {
        final String piped = whilePinging(() -> host.shell("capture -w - -c 4 icmp | tcpdump -n -r -"));
        assertEquals(4, piped.lines().filter(line -> line.contains("ICMP echo")).count(), piped);
        assertTrue(piped.contains("4 frames in standard output"), piped);
    }

    @Test
    void shouldRefuseWhatItCannotWriteOrUnderstand() {
        assertRefused(host.sluice("capture", "-w", folder.resolve("no/such").toString()), "cannot write");
        assertRefused(host.sluice("trace", "nonsense"), "neither an endpoint nor a filter word");
    }

    @Test
    void shouldEndWhatIsInterruptedAndLetTheNextOneBegin() throws Exception {
        final Path file = folder.resolve("a.pcapng");
        final Process capture =
            host.spawn("capture", "--run-dir", host.runDir().toString(), "-w", file.toString());
        Await.untilTrue("the capture has begun", () -> Files.exists(file));
        a.exec("ping", "-c", "3", "-i", "0.2", Lan.WORLD);
        final SluiceHost.Result second = host.sluice("capture", "-w", folder.resolve("b").toString());
        assertContainsAll(second.err(), "another capture is under way");

        capture.destroy();
        assertTrue(capture.waitFor(10, TimeUnit.SECONDS));
        assertTrue(TestNamespace.run("tcpdump", "-n", "-r", file.toString()).contains("echo reply"));
        whilePinging(() -> host.ok("capture", "-w", file.toString(), "-c", "1"));
    }

    private String whilePinging(final Supplier<String> task) throws Exception {
        return whileRunning(task, () -> a.exec("ping", "-c", "1", "-W", "5", Lan.WORLD));
    }

    private static String whileRunning(final Supplier<String> task, final Runnable meanwhile)
        throws Exception {
        final CompletableFuture<String> result = CompletableFuture.supplyAsync(task);
        for (int i = 0; i < 300 && !result.isDone(); i++) {
            meanwhile.run();
            SluiceHost.sleep(50);
        }
        return result.get(10, TimeUnit.SECONDS);
    }
}
