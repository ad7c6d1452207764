package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.stream.StreamSupport;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.sys.NetNamespace;
import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Await;
import org.sluice.testbed.SluiceHost;

/** What a container does to its own interface. */
@RequiresRoot
class InterfaceWatchIT {
    private static final int QUEUE = 2048;
    private static final int SENT = 4000;

    private final SluiceHost host = new SluiceHost();
    private TestNamespace a;

    @BeforeEach
    void attach() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24");
        a = host.attach("web", "a");
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldShortenAQueueThatAContainerHasMadeLonger() {
        assertTrue(a.exec("ip", "link", "show", "eth0").contains("qlen " + QUEUE));
        a.exec("ip", "link", "set", "eth0", "txqueuelen", "20000");
        Await.untilTrue("the queue is short again",
            () -> a.exec("ip", "link", "show", "eth0").contains("qlen " + QUEUE));
        Await.untilTrue("the log says so", () -> host.log().contains("queue 20000 frames long"));
        a.exec("ip", "link", "set", "eth0", "down");
        a.exec("ip", "link", "set", "eth0", "name", "renamed", "txqueuelen", "20000");
        a.exec("ip", "link", "set", "renamed", "up");
        Await.untilTrue("also under another name",
            () -> a.exec("ip", "link", "show", "renamed").contains("qlen " + QUEUE));
    }

    @Test
    void shouldCountWhatTheQueueOfAContainerHadNoRoomFor() throws Exception {
        a.exec("ping", "-c", "1", "-W", "5", "10.77.0.1");
        final JsonNode before = port();
        a.exec("kill", "-STOP", String.valueOf(host.process().pid()));
        try (NetNamespace namespace = a.open();
             DatagramSocket socket = namespace.call(() -> new DatagramSocket())) {
            final DatagramPacket packet = new DatagramPacket(new byte[20], 20, new InetSocketAddress("10.77.0.1", 9));
            for (int i = 0; i < SENT; i++) {
                socket.send(packet);
            }
        } finally {
            a.exec("kill", "-CONT", String.valueOf(host.process().pid()));
        }
        Await.untilTrue("the loss is counted", () -> counted(port(), "rxMissed") > 0);
        final JsonNode after = port();
        assertEquals(SENT, counted(after, "rxMissed") + counted(after, "rxFrames") - counted(before, "rxFrames"), 20,
            "sent, received and missed; the container's kernel may speak too");
    }

    @Test
    void shouldSayThatAnInterfaceHasLeftItsNamespace() {
        assertEquals("ok", host.json("status").path("health").asText());
        final TestNamespace other = host.container();
        a.exec("ip", "link", "set", "eth0", "netns", other.name());
        Await.untilTrue("the status says so",
            () -> host.json("status").path("issues").toString().contains("endpoint a has left"));
        other.exec("ip", "link", "set", "eth0", "netns", a.name());
        Await.untilTrue("it has come back", () -> host.json("status").path("health").asText().equals("ok"));
    }

    private JsonNode port() {
        return StreamSupport.stream(host.json("status").path("ports").spliterator(), false)
            .filter(port -> port.path("name").asText().equals("a")).findFirst().orElseThrow();
    }

    private static long counted(final JsonNode port, final String counter) {
        return port.path("counters").path(counter).asLong();
    }
}
