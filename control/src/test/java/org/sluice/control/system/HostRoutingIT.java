package org.sluice.control.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;

import org.sluice.linux.testbed.RequiresRoot;
import org.sluice.linux.testbed.TestNamespace;
import org.sluice.testbed.BridgeParityHost;
import org.sluice.testbed.Lan;
import org.sluice.testbed.ParityHost;
import org.sluice.testbed.Peers;
import org.sluice.testbed.SluiceHost;
import org.sluice.testbed.SluiceParityHost;

/**
 * The host's routing policy, tables and addresses: what they do to containers on the kernel's bridge with iptables,
 * they do to containers on the switch.
 */
@RequiresRoot
class HostRoutingIT {
    private static final long PATIENCE_MS = 8000;
    private static final Pattern ERROR = Pattern.compile("(?s).*From ([0-9a-f.:]+) icmp_seq=\\d+ ([^\\n]+)\\n.*");
    private static final String HOST_2 = "203.0.113.10";
    private static final String ROUTER_2 = "203.0.113.1";
    private static final String CLIENT_2 = "198.51.100.9";

    /** One run: a host with two uplinks, and what was seen on it. */
    private static final class Run implements AutoCloseable {
        private final Lan lan = new Lan();
        private final Peers peers = new Peers();
        private final TestNamespace router2 = new TestNamespace();
        private final Map<String, String> outcomes = new LinkedHashMap<>();
        private final Map<String, String> expected;
        private final ParityHost host;
        private TestNamespace a;
        private final List<String[]> undo = new ArrayList<>();

        /** @param expected what the outcomes become when the switch has seen what the host's kernel has. */
        private Run(final Function<Lan, ParityHost> kind, final Map<String, String> expected) {
            this.expected = expected;
            host = kind.apply(lan);
        }

        private void build() {
            host.network("web", 77, true, false, true);
            a = host.container("web", "a");
            secondUplink();
            for (final TestNamespace server : new TestNamespace[] {a, lan.router(), router2, host.namespace()}) {
                peers.serveTcp(server, 80);
            }
            host.publish("a", "8080:80");
        }

        private void secondUplink() {
            final TestNamespace namespace = host.namespace();
            router2.exec("ip", "link", "set", "lo", "up");
            router2.exec("ip", "link", "add", "d0", "type", "veth", "peer", "name", "eth1", "netns",
                namespace.name());
            for (final String address : new String[] {Lan.WORLD + "/32", CLIENT_2 + "/32"}) {
                router2.exec("ip", "addr", "add", address, "dev", "lo");
            }
            router2.exec("ip", "addr", "add", ROUTER_2 + "/24", "dev", "d0");
            router2.exec("ip", "link", "set", "d0", "up");
            namespace.exec("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth1.rp_filter=0",
                "net.ipv4.conf.eth0.rp_filter=0");
            namespace.exec("ip", "addr", "add", HOST_2 + "/24", "dev", "eth1");
            namespace.exec("ip", "link", "set", "eth1", "up");
            namespace.exec("ip", "route", "add", "default", "via", ROUTER_2, "dev", "eth1", "table", "100");
            // The kernel routes what comes back by the rules too; the switch knows its own endpoints.
            namespace.exec("ip", "route", "add", "10.77.0.0/24", "dev", host.interfaceOf("web"), "table", "100");
            namespace.exec("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0");
            // The bridge's masquerading is for eth0 alone; on the switch's host this sees no packet.
            namespace.exec("iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-s", "10.77.0.0/24", "-o", "eth1",
                "-j", "MASQUERADE");
            namespace.exec("ip", "tuntap", "add", "wg0", "mode", "tun");
            namespace.exec("ip", "link", "set", "wg0", "up");
        }

        private Map<String, String> run() {
            build();
            tcp("without a rule", Lan.WORLD);
            verdicts();
            vpn();
            tables();
            selectors();
            secondUplinksAnswers();
            mtus();
            localAddresses();
            sources();
            tcp("after all", Lan.WORLD);
            return outcomes;
        }

        private void verdicts() {
            for (final String verdict : new String[] {"unreachable", "prohibit", "blackhole"}) {
                with("rule add from 10.77.0.0/24 pref 100 " + verdict);
                ping("rule of type " + verdict, Lan.WORLD);
                back();
                // By its interface: by its source the rule would stop the kernel's own error too.
                with("-6 rule add iif " + host.interfaceOf("web") + " pref 100 " + verdict);
                ping("IPv6 rule of type " + verdict, Lan.WORLD6);
                back();
                with("route add " + verdict + " 198.51.100.0/24");
                ping("route of type " + verdict, Lan.WORLD);
                back();
                with("-6 route add " + verdict + " 2001:db8:ffff::/48");
                ping("IPv6 route of type " + verdict, Lan.WORLD6);
                back();
            }
            with("route add throw 198.51.100.0/24 table 100", "rule add from 10.77.0.0/24 lookup 100 pref 100");
            tcp("thrown out of a table", Lan.WORLD);
            back();
            with("route add default dev wg0 table 100 metric 5", "rule add from all lookup 100 pref 100",
                "route add throw 198.51.100.0/24 table 100");
            tcp("thrown, IPv4", Lan.WORLD);
            back();
        }

        /** As wg-quick(8) sets it up. */
        private void vpn() {
            with("route add default dev wg0 table 51820",
                "rule add not fwmark 51820 lookup 51820 pref 200",
                "rule add lookup main suppress_prefixlength 0 pref 100",
                "-6 route add default dev wg0 table 51820", "-6 rule add not fwmark 51820 lookup 51820 pref 200",
                "-6 rule add lookup main suppress_prefixlength 0 pref 100");
            reached("by a VPN", Lan.WORLD);
            reached("by a VPN, IPv6", Lan.WORLD6);
            tcp("on the link beside a VPN", Lan.ROUTER);
            back();
        }

        private void tables() {
            with("rule add from 10.77.0.0/24 lookup 100 pref 100");
            tcp("by the other uplink", Lan.WORLD);
            back();
            with("route add 198.51.100.0/24 via " + ROUTER_2 + " metric 50", "route add 198.51.100.0/24 via "
                + Lan.ROUTER + " metric 60");
            tcp("the lower metric", Lan.WORLD);
            back();
            with("rule add from 10.77.0.0/24 goto 300 pref 100", "rule add from 10.77.0.0/24 unreachable pref 200",
                "rule add from all lookup 100 pref 300");
            tcp("with a jump", Lan.WORLD);
            back();
            with("route add default dev wg0 table 7", "rule add from all lookup 7 suppress_prefixlength 0 pref 100");
            tcp("with a default route suppressed", Lan.WORLD);
            back();
            with("nexthop add id 5 via " + ROUTER_2 + " dev eth1", "route add 198.51.100.0/24 nhid 5");
            tcp("by a nexthop object", Lan.WORLD);
            back();
        }

        private void selectors() {
            for (final String selector : new String[] {"iif " + host.interfaceOf("web"), "iif eth0", "oif eth0",
                "not oif eth0", "ipproto tcp", "ipproto udp", "dport 80", "dport 81-90", "sport 1-9", "fwmark 1",
                "not fwmark 1", "fwmark 0/0xff", "to 198.51.100.0/24", "not to 198.51.100.0/24", "uidrange 0-0",
                "uidrange 1000-2000", "tos 0x10", "not tos 0x10"}) {
                with("rule add " + selector + " lookup 100 pref 100");
                tcp(selector.replace(host.interfaceOf("web"), "the network"), Lan.WORLD);
                back();
            }
        }

        /** Their source is the container's when the kernel routes them. */
        private void secondUplinksAnswers() {
            with("rule add from " + HOST_2 + " lookup 100 pref 100");
            published("by the host's source rule");
            back();
            with("rule add from 10.77.0.0/24 lookup 100 pref 100");
            published("by the network's source rule");
            back();
            with("route add " + CLIENT_2 + " via " + ROUTER_2);
            published("by a route");
            back();
        }

        private void mtus() {
            with("route add " + Lan.WORLD + " via " + Lan.ROUTER + " mtu 1300");
            ping("route MTU", "-M", "do", "-s", "1400", Lan.WORLD);
            ping("route MTU, cut", "-s", "1400", Lan.WORLD);
            back();
            a.exec("ip", "route", "flush", "cache");
            with("-6 route add " + Lan.WORLD6 + " via 2001:db8::1 mtu 1300");
            ping("IPv6 route MTU", "-M", "do", "-s", "1400", Lan.WORLD6);
            back();
            with("-6 route add " + Lan.WORLD6 + " via 2001:db8::1 mtu lock 1300");
            ping("IPv6 route MTU, locked", "-M", "do", "-s", "1400", Lan.WORLD6);
            back();
            a.exec("ip", "-6", "route", "flush", "cache");
        }

        private void localAddresses() {
            with("addr add 169.254.20.10/32 dev wg0", "route add local 10.123.0.0/24 dev lo");
            tcp("node-local address", "169.254.20.10");
            tcp("local network", "10.123.0.9");
            lan.router().exec("ip", "addr", "add", "169.254.169.254/32", "dev", "lo");
            tcp("a cloud's metadata", "169.254.169.254");
            back();
            with("rule add to 10.124.0.0/24 lookup 9 pref 100", "route add local default dev lo table 9");
            tcp("local in another table", "10.124.0.9");
            tcp("not local", Lan.WORLD);
            back();
        }

        private void sources() {
            lan.router().exec("ip", "addr", "add", "10.55.0.1/24", "dev", "br0");
            with("addr add 10.55.0.10/24 dev eth0", "addr add 192.0.2.11/24 dev eth0");
            tcp("source on another subnet", "10.55.0.1");
            tcp("source on the first", Lan.WORLD);
            back();
            with("addr add 192.0.2.11/24 dev eth0", "route add " + Lan.WORLD + " via " + Lan.ROUTER
                + " src 192.0.2.11");
            tcp("preferred source", Lan.WORLD);
            back();
            for (final String address : new String[] {"fd00:ffff::7", "2001:db8:1:ffff::7", "2002:c000:204::7",
                "2001:0:1::7"}) {
                lan.router().exec("ip", "addr", "add", address + "/128", "dev", "lo");
            }
            for (final String address : new String[] {"2001:db8:1::10", "fd00:1::10", "2002:c000:201::10"}) {
                lan.router().exec("ip", "-6", "route", "add", address + "/128", "via", "2001:db8::10");
            }
            with("-6 addr add 2001:db8:1::10/64 dev eth0 nodad", "-6 addr add fd00:1::10/64 dev eth0 nodad",
                "-6 addr add 2002:c000:201::10/64 dev eth0 nodad",
                "-6 addr add 2001:db8:ffff::10/64 dev eth0 nodad preferred_lft 0");
            for (final String address : new String[] {Lan.WORLD6, "fd00:ffff::7", "2001:db8:1:ffff::7",
                "2002:c000:204::7", "2001:0:1::7"}) {
                tcp("source towards " + address, address);
            }
            back();
        }

        /** @param commands of ip(8), each of which adds something. */
        private void with(final String... commands) {
            for (final String command : commands) {
                ip(command.split(" "));
                final String named = command.replaceAll(" (nodad|preferred_lft 0|via .* dev eth1$)", "");
                undo.addFirst(Arrays.stream(named.split(" "))
                    .map(word -> "add".equals(word) ? "del" : word).toArray(String[]::new));
            }
        }

        private void back() {
            undo.forEach(this::ip);
            undo.clear();
        }

        private void ip(final String... arguments) {
            final List<String> command = new ArrayList<>(List.of("ip"));
            command.addAll(List.of(arguments));
            host.namespace().exec(command.toArray(String[]::new));
        }

        private void tcp(final String name, final String address) {
            observe("TCP " + name, () -> peers.askTcp(a, address, 80));
        }

        /** Where the kernel lets a packet vanish in the tunnel, the switch says so: the error is not compared. */
        private void reached(final String name, final String address) {
            observe(name, () -> peers.askTcp(a, address, 80).contains("hello") ? "in clear" : "not");
        }

        private void published(final String name) {
            observe("answers " + name, () -> Peers.in(router2, () -> {
                try (Socket socket = new Socket()) {
                    socket.bind(new InetSocketAddress(CLIENT_2, 0));
                    socket.connect(new InetSocketAddress(HOST_2, 8080), 2000);
                    return "answered";
                } catch (final IOException ex) {
                    return "nothing";
                }
            }));
        }

        private void ping(final String name, final String... arguments) {
            final List<String> command = new ArrayList<>(List.of("ping", "-n", "-c", "1", "-W", "1"));
            command.addAll(List.of(arguments));
            observe("ping " + name, () -> {
                final String said = a.tryExec(command.toArray(String[]::new));
                final Matcher error = ERROR.matcher(said);
                // The kernel tells of an IPv6 packet that is too long under another address.
                return said.contains("bytes from") ? "ok" : said.contains("too big") ? "too big"
                    : error.matches() ? error.group(1) + " " + error.group(2)
                    : said.contains("mtu") ? "too long" : "nothing";
            });
        }

        /** The switch follows the kernel in its own time. */
        private void observe(final String name, final Supplier<String> observation) {
            final long endMs = System.currentTimeMillis() + PATIENCE_MS;
            String outcome = observation.get();
            while (expected != null && !outcome.equals(expected.get(name)) && System.currentTimeMillis() < endMs) {
                SluiceHost.sleep(50);
                outcome = observation.get();
            }
            outcomes.put(name, outcome);
        }

        @Override
        public void close() {
            peers.close();
            host.close();
            router2.close();
            lan.close();
        }
    }

    @Test
    void shouldRouteAsTheKernelDoes() {
        final Map<String, String> kernel;
        try (Run run = new Run(BridgeParityHost::new, null)) {
            kernel = run.run();
        }
        final Map<String, String> sluice;
        try (Run run = new Run(lan -> new SluiceParityHost(lan, "eth0,eth1"), kernel)) {
            sluice = run.run();
        }
        assertTrue(kernel.size() > 50, "scenarios");
        assertEquals("not", kernel.get("by a VPN"));
        assertEquals(Lan.HOST + " hello", kernel.get("TCP after all"));
        assertEquals(HOST_2 + " hello", kernel.get("TCP by the other uplink"));
        final StringBuilder differences = new StringBuilder();
        kernel.forEach((scenario, outcome) -> {
            if (!outcome.equals(sluice.get(scenario))) {
                differences.append(scenario).append(": the kernel ").append(outcome).append(", the switch ")
                    .append(sluice.get(scenario)).append('\n');
            }
        });
        assertEquals("", differences.toString());
    }
}
