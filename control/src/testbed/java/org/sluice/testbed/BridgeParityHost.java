package org.sluice.testbed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.sluice.control.model.PortSpec;
import org.sluice.linux.testbed.TestNamespace;

/**
 * Stands for a host where the kernel connects the containers: one bridge for each network, veth pairs, and the iptables
 * rules that Docker makes without its userland proxy (moby, libnetwork/drivers/bridge/setup_ip_tables.go). Containers
 * that may not talk to each other are isolated ports of their bridge.
 */
public final class BridgeParityHost implements ParityHost {
    private final TestNamespace host = new TestNamespace();
    private final Map<String, Network> networks = new HashMap<>();
    private final Map<String, Container> containers = new HashMap<>();

    /** A bridge. */
    private record Network(int number, boolean ipv6, boolean internal, boolean icc, List<String> members) {
        private String bridge() {
            return "br" + number;
        }

        private String subnet() {
            return "10." + number + ".0.0/24";
        }

        private String subnet6() {
            return "fd" + number + "::/64";
        }
    }

    private record Container(TestNamespace namespace, Network network, int last) {
        private String address() {
            return "10." + network.number() + ".0." + last;
        }

        private String address6() {
            return "fd" + network.number() + "::" + last;
        }
    }

    public BridgeParityHost(final Lan lan) {
        host.exec("ip", "link", "set", "lo", "up");
        lan.connect(host);
        for (final String setting : new String[] {"net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
            "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0",
            "net.ipv4.conf.all.route_localnet=1"}) {
            host.exec("sysctl", "-qw", setting);
        }
        // Routed packets pass iptables once, at layer 3; a kernel without br_netfilter lacks the setting.
        host.status("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0");
        host.status("sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=0");
        for (final String iptables : new String[] {"iptables", "ip6tables"}) {
            rule(iptables, "-t nat -N DOCKER");
            rule(iptables, "-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER");
            rule(iptables, "-t nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER");
            rule(iptables, "-P FORWARD DROP");
            rule(iptables, "-N ISOLATION");
            // Docker's bridges reach each other's published ports through its proxy.
            rule(iptables, "-A ISOLATION -m conntrack --ctstate DNAT -j RETURN");
            rule(iptables, "-N DOCKER");
            rule(iptables, "-A FORWARD -j ISOLATION");
            rule(iptables, "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
            rule(iptables, "-A FORWARD -j DOCKER");
        }
    }

    @Override
    public void network(final String name, final int number, final boolean ipv6, final boolean internal,
                        final boolean icc) {
        final Network network = new Network(number, ipv6, internal, icc, new ArrayList<>());
        final String bridge = network.bridge();
        host.exec("ip", "link", "add", bridge, "type", "bridge");
        host.exec("ip", "addr", "add", "10." + number + ".0.1/24", "dev", bridge);
        if (ipv6) {
            host.exec("ip", "addr", "add", "fd" + number + "::1/64", "dev", bridge, "nodad");
        }
        host.exec("ip", "link", "set", bridge, "up");
        for (final Network other : networks.values()) {
            rule("iptables", "-A ISOLATION -i " + bridge + " -o " + other.bridge() + " -j DROP");
            rule("iptables", "-A ISOLATION -o " + bridge + " -i " + other.bridge() + " -j DROP");
        }
        networks.put(name, network);
        rules("iptables", network, network.subnet());
        if (ipv6) {
            rules("ip6tables", network, network.subnet6());
        }
    }

    private void rules(final String iptables, final Network network, final String subnet) {
        final String bridge = network.bridge();
        rule(iptables, "-A FORWARD -i " + bridge + " -o " + bridge + " -j ACCEPT");
        if (!network.internal()) {
            // Docker's own rule is for all that leaves the bridge, and its proxy hides who comes from another one.
            rule(iptables, "-t nat -A POSTROUTING -s " + subnet + " -o eth0 -j MASQUERADE");
            rule(iptables, "-A FORWARD -i " + bridge + " ! -o " + bridge + " -j ACCEPT");
        }
        // Hairpin, and the host by loopback: the answer must come back here.
        rule(iptables, "-t nat -A POSTROUTING -s " + subnet + " -d " + subnet + " -m conntrack --ctstate DNAT"
            + " -j MASQUERADE");
        rule(iptables, "-t nat -A POSTROUTING -o " + bridge + " -s " + loopback(iptables)
            + " -m conntrack --ctstate DNAT -j MASQUERADE");
    }

    private static String loopback(final String iptables) {
        return "iptables".equals(iptables) ? "127.0.0.0/8" : "::1";
    }

    @Override
    public TestNamespace container(final String network, final String name) {
        final Network net = networks.get(network);
        final TestNamespace namespace = new TestNamespace();
        net.members().add(name);
        final Container container = new Container(namespace, net, 1 + net.members().size());
        containers.put(name, container);
        final String veth = "v" + net.number() + "-" + container.last();
        host.exec("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", namespace.name());
        host.exec("ip", "link", "set", veth, "master", net.bridge(), "up");
        if (!net.icc()) {
            host.exec("bridge", "link", "set", "dev", veth, "isolated", "on");
        }
        namespace.exec("ip", "link", "set", "lo", "up");
        namespace.exec("ip", "link", "set", "eth0", "up");
        namespace.exec("ip", "addr", "add", container.address() + "/24", "dev", "eth0");
        if (!net.internal()) {
            namespace.exec("ip", "route", "add", "default", "via", "10." + net.number() + ".0.1");
        }
        if (net.ipv6()) {
            namespace.exec("ip", "addr", "add", container.address6() + "/64", "dev", "eth0", "nodad");
            namespace.exec("ip", "-6", "route", "add", "default", "via", "fd" + net.number() + "::1");
        }
        return namespace;
    }

    @Override
    public void publish(final String container, final String spec) {
        change("-A", container, spec);
    }

    /** Ends the port's connections too, as Docker has done since 2021. */
    @Override
    public void unpublish(final String container, final String spec) {
        change("-D", container, spec);
    }

    private void change(final String verb, final String name, final String text) {
        final PortSpec spec = PortSpec.parse(text);
        final Container container = containers.get(name);
        final String protocol = spec.protocol() == 6 ? "tcp" : "udp";
        for (int i = 0; i < spec.size(); i++) {
            final String from = " -p " + protocol
                + (spec.hostAddress() == null ? "" : " -d " + spec.hostAddress().getHostAddress())
                + " --dport " + (spec.hostFirst() + i);
            final int port = spec.endpointFirst() + i;
            rule("iptables", "-t nat " + verb + " DOCKER" + from + " -j DNAT --to-destination " + container.address()
                + ":" + port);
            rule("iptables", verb + " DOCKER -d " + container.address() + " -o " + container.network().bridge() + " -p "
                + protocol + " --dport " + port + " -m conntrack --ctstate DNAT -j ACCEPT");
            if (container.network().ipv6() && spec.hostAddress() == null) {
                rule("ip6tables", "-t nat " + verb + " DOCKER" + from + " -j DNAT --to-destination ["
                    + container.address6() + "]:" + port);
                rule("ip6tables", verb + " DOCKER -d " + container.address6() + " -o "
                    + container.network().bridge() + " -p " + protocol + " --dport " + port
                    + " -m conntrack --ctstate DNAT -j ACCEPT");
            }
        }
    }

    private void rule(final String iptables, final String rule) {
        final List<String> command = new ArrayList<>(List.of(iptables, "-w"));
        command.addAll(List.of(rule.strip().split(" +")));
        host.exec(command.toArray(String[]::new));
    }

    @Override
    public String interfaceOf(final String network) {
        return networks.get(network).bridge();
    }

    @Override
    public TestNamespace namespace() {
        return host;
    }

    @Override
    public void close() {
        containers.values().forEach(container -> container.namespace().close());
        host.close();
    }
}
