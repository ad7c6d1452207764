package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sluice.testbed.TextAssertions.assertContainsAll;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.Await;
import org.sluice.testbed.Lan;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;

/** An uplink's interface changes, and other programs do things to it, while connections use it. */
@RequiresRoot
class UplinkIT {
    private static final int ECHO = 7;

    private final Lan lan = new Lan();
    private final Peers peers = new Peers();
    private final SluiceHost host = new SluiceHost(lan::connect);
    private TestNamespace a;

    /** A connection or flow that is open all the time. */
    private interface Conversation {
        /** Says something and returns what comes back. */
        String say(String word) throws IOException;
    }

    @BeforeEach
    void attach() {
        host.ok("network", "create", "web", "--subnet", "10.77.0.0/24", "--subnet", "fd77::/64");
        a = host.attach("web", "a");
        peers.serveEcho(a, ECHO);
        peers.serveUdp(a, ECHO);
        peers.serveEcho(lan.router(), ECHO);
        host.ok("port", "publish", "a", "8080:7", "8080:7/udp");
    }

    @AfterEach
    void close() {
        peers.close();
        host.close();
        lan.close();
    }

    @Test
    void shouldKeepConnectionsWhileTheInterfaceChanges() throws IOException {
        final String mac = "02:00:00:00:00:99";
        final Conversation[] conversations = conversations();

        host.exec("ip", "link", "set", "eth0", "mtu", "1400");
        goOn(conversations, "mtu");
        host.exec("ip", "link", "set", "eth0", "address", mac);
        for (final String neighbour : new String[] {Lan.CLIENT_1, Lan.CLIENT_1_6, Lan.ROUTER, "2001:db8::1"}) {
            host.exec("ping", "-c", "1", "-W", "5", neighbour); // which learns the new address by it
        }
        goOn(conversations, "mac");
        host.exec("ip", "addr", "add", "192.0.2.99/24", "dev", "eth0");
        goOn(conversations, "address");
        host.exec("ip", "route", "del", "default");
        host.exec("ip", "-6", "route", "del", "default");
        SluiceHost.sleep(1200);
        assertEquals("in Lan", conversations[0].say("in Lan"), "a client on the LAN needs no default route");
        host.exec("ip", "route", "add", "default", "via", Lan.ROUTER);
        host.exec("ip", "-6", "route", "add", "default", "via", "2001:db8::1");
        goOn(conversations, "default route");

        assertEquals(1, host.log().split("uplink eth0 is open", -1).length - 1, "opened once");
        assertTrue(a.exec("ip", "neigh").contains("10.77.0.1"));
        final String wire = lan.router().exec("ip", "neigh", "show", Lan.HOST);
        assertTrue(wire.contains(mac), wire);
        assertEquals("ok", host.json("status").path("health").asText());
    }

    @Test
    void shouldStayOpenWhileTheLinkIsDown() {
        host.exec("ip", "link", "set", "eth0", "down");
        host.exec("ip", "link", "set", "eth0", "up");
        host.exec("ip", "addr", "replace", Lan.HOST6 + "/64", "dev", "eth0", "nodad");
        host.exec("ip", "route", "replace", "default", "via", Lan.ROUTER);
        host.exec("ip", "-6", "route", "replace", "default", "via", "2001:db8::1");

        for (final String address : new String[] {Lan.HOST, Lan.HOST6}) {
            Await.untilTrue("published again at " + address,
                () -> peers.askUdp(lan.client1(), address, 8080).endsWith(
                    address.equals(Lan.HOST) ? "192.0.2.21 hello" : "2001:db8:0:0:0:0:0:21 hello"));
        }
        assertEquals(1, host.log().split("uplink eth0 is open", -1).length - 1, "opened once");
    }

    @Test
    void shouldKeepARenamedUplink() throws IOException {
        final Conversation[] conversations = conversations();

        host.exec("ip", "link", "set", "eth0", "name", "wan0");
        goOn(conversations, "renamed");

        Await.untilTrue("status shows the new name", () -> host.ok("status").contains("wan0"));
        assertEquals(1, host.log().split(" is open", -1).length - 1, "opened once");
    }

    @Test
    void shouldPutSteeringBackThatAnotherProgramRemoves() throws IOException {
        host.exec("tc", "qdisc", "del", "dev", "eth0", "clsact");

        Await.untilTrue("the filter is back",
            () -> host.exec("tc", "filter", "show", "dev", "eth0", "ingress").contains("sluice"));
        assertContainsAll(host.log(), "another program has removed the steering from uplink eth0");
        Await.untilTrue("status tells", () -> host.ok("status").contains("has removed the steering from uplink eth0"));
        assertEquals("degraded", host.json("status").path("health").asText());

        final Conversation[] conversations = conversations();
        goOn(conversations, "put back");
        host.exec("tc", "filter", "del", "dev", "eth0", "ingress");
        Await.untilTrue("the filter is back",
            () -> host.exec("tc", "filter", "show", "dev", "eth0", "ingress").contains("sluice"));
        goOn(conversations, "put back again");
    }

    @Test
    void shouldLeaveTheFilterOfAnotherProgramAloneAndSaySo() {
        host.stop();
        host.exec("tc", "qdisc", "replace", "dev", "eth0", "clsact");
        host.exec("tc", "filter", "del", "dev", "eth0", "ingress");
        host.exec("tc", "filter", "add", "dev", "eth0", "ingress", "prio", "1", "protocol", "ip", "bpf", "bytecode",
            "1,6 0 0 0");

        host.start();
        assertContainsAll(host.ok("status"), "degraded", "interface eth0 cannot be used as uplink",
            "kind bpf", "priority 1");
        assertTrue(host.exec("tc", "filter", "show", "dev", "eth0", "ingress").contains("protocol ip "));

        host.exec("tc", "filter", "del", "dev", "eth0", "ingress");
        Await.untilTrue("it tries again", () -> "ok".equals(host.json("status").path("health").asText()));
        assertEquals(Lan.CLIENT_1 + " hello", peers.askUdp(lan.client1(), Lan.HOST, 8080));
    }

    @Test
    void shouldOpenAnInterfaceAgainThatLeftAndCameBack() {
        final TestNamespace elsewhere = host.container();
        host.exec("ip", "link", "set", "eth0", "netns", elsewhere.name());
        elsewhere.exec("ip", "link", "set", "eth0", "netns", host.namespace().name());
        host.exec("ip", "link", "set", "eth0", "up");
        host.exec("ip", "addr", "add", Lan.HOST + "/24", "dev", "eth0");
        host.exec("ip", "route", "add", "default", "via", Lan.ROUTER);

        Await.untilTrue("the published port is served with the client's own address",
            () -> (Lan.CLIENT_1 + " hello").equals(peers.askUdp(lan.client1(), Lan.HOST, 8080)));
    }

    /** From both sides, over both families: published, and masqueraded. */
    private Conversation[] conversations() throws IOException {
        return new Conversation[] {
            tcp(peers.connect(lan.client1(), Lan.HOST, 8080)), tcp(peers.connect(lan.client1(), Lan.HOST6, 8080)),
            tcp(peers.connect(a, Lan.WORLD, ECHO)), tcp(peers.connect(a, Lan.WORLD6, ECHO)),
            udp(Lan.HOST, Lan.CLIENT_1), udp(Lan.HOST6, "2001:db8:0:0:0:0:0:21")};
    }

    private static Conversation tcp(final Socket socket) {
        return word -> {
            socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(word.length()), StandardCharsets.US_ASCII);
        };
    }

    /** The server sees the client's own address: no datagram has passed the host's proxy. */
    private Conversation udp(final String to, final String client) throws IOException {
        final DatagramSocket socket = Peers.in(lan.client1(), () -> {
            final DatagramSocket opened = new DatagramSocket();
            opened.setSoTimeout(500);
            opened.connect(new InetSocketAddress(to, 8080));
            return opened;
        });
        return word -> {
            final byte[] sent = word.getBytes(StandardCharsets.US_ASCII);
            final DatagramPacket answer = new DatagramPacket(new byte[1000], 1000);
            for (int tries = 0;; tries++) {
                socket.send(new DatagramPacket(sent, sent.length));
                try {
                    socket.receive(answer);
                    break;
                } catch (final SocketTimeoutException ex) {
                    if (tries == 20) {
                        throw ex; // neighbours are found anew meanwhile
                    }
                }
            }
            final String text = new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
            assertTrue(text.startsWith(client + " "), text);
            return text.substring(client.length() + 1);
        };
    }

    private static void goOn(final Conversation[] conversations, final String word) throws IOException {
        for (int i = 0; i < conversations.length; i++) {
            assertEquals(word, conversations[i].say(word), "conversation " + i);
        }
    }
}
