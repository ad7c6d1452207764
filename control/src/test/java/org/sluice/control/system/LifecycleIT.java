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
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

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

        final Process daemon = host.spawn(Map.of("NOTIFY_SOCKET", folder.resolve("notify").toString()), "daemon",
            "--run-dir", folder.resolve("run").toString(), "--state-dir", folder.resolve("state").toString(),
            "--docker-socket", "none", "--uplink", "none");

        assertEquals("READY=1", told.poll(20, TimeUnit.SECONDS));
        assertTrue(Files.exists(folder.resolve("run/api.sock")));

        daemon.destroy();
        assertEquals("STOPPING=1", told.poll(20, TimeUnit.SECONDS));
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
