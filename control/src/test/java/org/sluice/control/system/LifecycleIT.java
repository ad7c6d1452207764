package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Await;
import org.sluice.testbed.DockerEngine;
import org.sluice.testbed.SluiceHost;

/** Starting, stopping, dying and coming back; namespaces that vanish; what is left behind. */
@RequiresRoot
class LifecycleIT {
    private final SluiceHost host = new SluiceHost();
    private TestNamespace a;
    private TestNamespace b;

    @BeforeEach
    void attachTwo() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        a = host.attach("web", "a");
        b = host.attach("web", "b");
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldComeBackAfterSigtermAndAfterSigkill() {
        assertEquals(143, host.stop());
        assertContainsAll(host.log(), "stopped");
        assertFalse(Files.exists(host.socket()));
        assertTrue(a.exec("ip", "addr", "show", "eth0").contains("10.77.0.2/24"), "the container keeps its interface");
        assertThrows(AssertionError.class, () -> host.exec("ip", "link", "show", "sl-web"));

        host.start();
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
        a.exec("ping", "-c", "1", "-W", "5", "fd77::3");

        host.kill();
        host.start();
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
        host.exec("ping", "-c", "1", "-W", "5", "10.77.0.2");
        assertTrue(a.exec("ip", "route").contains("default via 10.77.0.1"));

        final TestNamespace c = host.container();
        assertEquals("c 10.77.0.4/24,fd77::4/64\n",
            host.ok("endpoint", "attach", "web", "--netns", c.name(), "--name", "c"), "no address is given twice");
        assertEquals("ok", host.json("status").path("health").asText());
    }

    @Test
    void shouldLeaveAnInterfaceAsItsNamespaceHasMadeIt() {
        a.exec("ip", "address", "add", "10.77.0.100/24", "dev", "eth0");
        a.exec("ip", "route", "add", "203.0.113.0/24", "via", "10.77.0.3");
        a.exec("ip", "neighbour", "add", "10.77.0.77", "lladdr", "02:00:00:00:00:77", "nud", "permanent", "dev",
            "eth0");
        a.exec("sysctl", "-q", "-w", "net.ipv4.conf.eth0.rp_filter=2");
        final String before = a.exec("ip", "-4", "-o", "address") + a.exec("ip", "route")
            + a.exec("ip", "neighbour", "show", "nud", "permanent") + a.exec("sysctl", "net.ipv4.conf.eth0.rp_filter");
        b.exec("ip", "link", "set", "eth0", "down");
        b.exec("ip", "link", "set", "eth0", "name", "lan", "up");

        host.kill();
        host.start();

        assertEquals(before, a.exec("ip", "-4", "-o", "address") + a.exec("ip", "route")
            + a.exec("ip", "neighbour", "show", "nud", "permanent") + a.exec("sysctl", "net.ipv4.conf.eth0.rp_filter"));
        assertTrue(b.exec("ip", "address", "show", "lan").contains("10.77.0.3/24"), "it keeps the name it was given");
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");

        b.delete();
        Await.untilTrue("endpoint b is gone",
            () -> "gone".equals(host.json("endpoint", "inspect", "b").path("state").asText()));
        assertEquals("b\n", host.ok("endpoint", "detach", "b"));
        assertEquals("ok", host.json("status").path("health").asText());
    }

    @Test
    void shouldTakeNoStrangersInterfaceOutOfANamespace() {
        final String mac = a.exec("cat", "/sys/class/net/eth0/address").trim();
        a.exec("ip", "link", "set", "eth0", "down");
        a.exec("ip", "link", "set", "eth0", "name", "old");
        a.exec("ip", "link", "add", "eth0", "address", mac, "type", "veth", "peer", "name", "p0");
        final String index = a.exec("cat", "/sys/class/net/eth0/ifindex");

        host.kill();
        host.start();

        assertEquals(index, a.exec("cat", "/sys/class/net/eth0/ifindex"), "the stranger was never moved");
        assertEquals("up", host.json("endpoint", "inspect", "a").path("state").asText());
    }

    @Test
    void shouldKeepItsFilesToItself() throws Exception {
        host.stop();
        final Path state = host.stateDir().resolve("state.json");
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rw-r--r--"));
        final Path strange = Files.writeString(host.runDir().resolve("data.dat"), "of somebody else");

        host.start();

        for (final Path folder : List.of(host.runDir(), host.stateDir())) {
            try (Stream<Path> files = Files.list(folder)) {
                for (final Path file : files.filter(f -> !f.equals(strange)).toList()) {
                    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
                        file.toString());
                }
            }
        }
        assertEquals("of somebody else", Files.readString(strange));
    }

    @Test
    void shouldStartThoughAPublishedPortCannotBeRestored() throws Exception {
        host.ok("port", "publish", "a", "8080:80");
        host.stop();
        final Path state = host.stateDir().resolve("state.json");
        Files.writeString(state, Files.readString(state).replaceAll("(\"endpoint\"\\s*:\\s*)\"a\"", "$1\"nobody\""));

        host.start();

        assertTrue(host.log().contains("of endpoint nobody is not published"), host.log());
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
    }

    @Test
    void shouldGoOnWhenANamespaceVanishes() {
        host.attach("web", "c").delete();

        Await.untilTrue("endpoint c is gone",
            () -> "gone".equals(host.json("endpoint", "inspect", "c").path("state").asText()));
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
        assertEquals("degraded", host.json("status").path("health").asText());
        assertTrue(host.ok("status").contains("endpoint c is gone; detach it"));
        assertEquals(1, host.log().split("the TAP of endpoint c is gone", -1).length - 1, "logged once");

        assertEquals("c\n", host.ok("endpoint", "detach", "c"));
        assertEquals("ok", host.json("status").path("health").asText());
    }

    @Test
    void shouldDetachAnEndpointThatCouldNotBeRestored() {
        host.stop();
        b.delete();
        host.start();

        assertEquals("gone", host.json("endpoint", "inspect", "b").path("state").asText());
        assertEquals("up", host.json("endpoint", "inspect", "a").path("state").asText());

        host.ok("endpoint", "detach", "b");
        host.attach("web", "c", "--ip", "10.77.0.3");
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
    }

    @Test
    void shouldLeaveNothingBehindOnceAllIsRemoved() {
        assertEquals("a\nb\n", host.ok("endpoint", "detach", "a", "b"));
        assertThrows(AssertionError.class, () -> a.exec("ip", "link", "show", "eth0"));

        host.ok("network", "create", "spare");
        assertEquals("web\nspare\n", host.ok("network", "prune"));

        assertThrows(AssertionError.class, () -> host.exec("ip", "link", "show", "sl-web"));
        assertEquals(0, host.json("network", "ls").size());
        assertEquals(0, host.json("fdb", "ls").size());
        final String left = host.exec("ip", "-o", "link");
        assertFalse(left.contains("sl"), left);
    }

    @Test
    void shouldTellTheServiceManagerWhenItIsReadyAndWhenItStops() throws Exception {
        host.stop();
        final Path folder = Files.createTempDirectory("sluice-notify");
        final BlockingQueue<String> told = new LinkedBlockingQueue<>();
        final var loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        new Bootstrap().group(loop).channel(EpollDomainDatagramChannel.class)
            .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                @Override
                protected void channelRead0(final ChannelHandlerContext context, final DomainDatagramPacket packet) {
                    told.add(packet.content().toString(StandardCharsets.US_ASCII));
                }
            }).bind(new DomainSocketAddress(folder.resolve("notify").toString())).sync();

        final Process daemon = host.spawn(Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString(),
            "WATCHDOG_USEC", "300000"), "daemon",
            "--run-dir", folder.resolve("run").toString(), "--state-dir", folder.resolve("state").toString(),
            "--docker-socket", "none", "--uplink", "none");

        assertEquals("READY=1", told.poll(20, TimeUnit.SECONDS));
        assertTrue(Files.exists(folder.resolve("run/api.sock")));
        assertEquals("WATCHDOG=1", told.poll(20, TimeUnit.SECONDS));
        assertEquals("WATCHDOG=1", told.poll(20, TimeUnit.SECONDS));

        daemon.destroy();
        Await.untilTrue("it has said that it stops", () -> "STOPPING=1".equals(told.poll()));
        assertTrue(daemon.waitFor(20, TimeUnit.SECONDS));

        loop.shutdownGracefully();
        DockerEngine.delete(folder);
    }

    @Test
    void shouldRefuseASecondDaemonOnItsFolders() throws Exception {
        final Path other = host.runDir().resolve("other");
        for (final Path[] folders : new Path[][] {{host.runDir(), other}, {other, host.stateDir()}}) {
            final Process second = host.spawn("daemon", "--run-dir", folders[0].toString(), "--state-dir",
                folders[1].toString(), "--docker-socket", "none");
            assertTrue(second.waitFor(20, TimeUnit.SECONDS));
            assertEquals(1, second.exitValue());
        }

        assertContainsAll(host.log(), "another daemon runs on " + host.runDir(),
            "another daemon runs on " + host.stateDir());
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(host.socket())));
    }

    /** Later, the same would end a worker in the middle of its work. */
    @Test
    void shouldRefuseToStartWithoutRoomForItsTables() throws Exception {
        host.stop();
        final Path run = Files.createDirectories(host.runDir().resolve("small/run"));
        final Process small = host.spawnInSmallFolder(20, run, host.runDir().resolve("small/state"));
        assertTrue(small.waitFor(20, TimeUnit.SECONDS));
        assertEquals(1, small.exitValue());
        assertContainsAll(host.log(), "No space left on device", run.toString());
        host.start();
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");
    }

    @Test
    void shouldRefuseASecondDaemonInItsNamespace() throws Exception {
        final Path other = host.runDir().resolve("other");
        final String[] second = {"daemon", "--run-dir", other.resolve("run").toString(), "--state-dir",
            other.resolve("state").toString(), "--docker-socket", "none"};

        final Process refused = host.spawn(second);
        assertTrue(refused.waitFor(20, TimeUnit.SECONDS));
        assertEquals(1, refused.exitValue());
        assertContainsAll(host.log(), "another daemon (pid " + host.process().pid() + ", run folder " + host.runDir()
            + ") runs in this network namespace");
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.3");

        host.kill();
        final Process next = host.spawn(second);
        Await.untilTrue("the next one has the namespace", () -> Files.exists(other.resolve("run/api.sock")));
        next.destroy();
        assertTrue(next.waitFor(20, TimeUnit.SECONDS));
        host.start();
    }

    @Test
    void shouldAttachByPid() throws Exception {
        final TestNamespace c = host.container();
        final Process process = new ProcessBuilder("ip", "netns", "exec", c.name(), "sleep", "60").start();
        try {
            Await.untilTrue("sleep runs in the namespace",
                () -> process.info().command().orElse("").endsWith("sleep"));

            host.ok("endpoint", "attach", "web", "--pid", Long.toString(process.pid()), "--ifname", "net0", "--mac",
                "02:00:00:00:00:77");

            assertTrue(c.exec("ip", "addr", "show", "net0").contains("02:00:00:00:00:77"));
            c.exec("ping", "-c", "1", "-W", "5", "10.77.0.2");
        } finally {
            process.destroy();
        }
    }
}
