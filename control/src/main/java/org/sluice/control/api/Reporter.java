package org.sluice.control.api;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.sluice.control.docker.Docker;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.engine.SwitchStatus;
import org.sluice.control.model.DesiredState;
import org.sluice.control.model.EndpointSpec;
import org.sluice.control.model.IpPrefix;
import org.sluice.control.model.NetworkSpec;
import org.sluice.control.network.EndpointManager;
import org.sluice.control.network.NetworkManager;
import org.sluice.control.network.PortNames;
import org.sluice.control.overlay.OverlayManager;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.protocol.MacAddress;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/** Puts the state and the counters into the API's words. Used on the control thread; disturbs no worker. */
final class Reporter {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final NetworkManager networks;
    private final EndpointManager endpoints;
    private final UplinkManager uplinks;
    private final OverlayManager overlays;
    private final Docker docker;
    private final boolean busy;

    Reporter(final ControlApi.Parts parts, final boolean busy) {
        state = parts.state();
        engine = parts.engine();
        networks = parts.networks();
        endpoints = parts.endpoints();
        uplinks = parts.uplinks();
        overlays = parts.overlays();
        docker = parts.docker();
        this.busy = busy;
    }

    List<Views.Network> networks() {
        return state.networks().stream().map(this::network).toList();
    }

    Views.Network network(final NetworkSpec spec) {
        final var live = networks.find(spec.name());
        return new Views.Network(spec.name(), live.isPresent() ? "up" : "down",
            spec.subnets().stream().map(s -> new Views.Subnet(s.subnet().toString(), IpPrefix.format(s.gateway()),
                s.ipRange().toString())).toList(),
            spec.mtu(), spec.internal(), spec.sourceGuard(), spec.icc(), spec.masquerade(),
            spec.hostInterface(), spec.gatewayMac(),
            live.map(n -> n.handle().workerName()).orElse(null),
            state.endpointsOf(spec.name()).stream().map(EndpointSpec::name).toList(),
            live.map(n -> counters(n.handle().counters(), NetworkCounter.values())).orElse(Map.of()),
            spec.ofDocker() ? new Views.Docker(spec.docker().id(), state.aliases().networks().get(spec.name())) : null,
            spec.spansHosts() ? new Views.Overlay(spec.overlay().vni(), spec.overlay().vtepLearning()) : null);
    }

    List<Views.Endpoint> endpoints() {
        return state.endpoints().stream().map(this::endpoint).toList();
    }

    Views.Endpoint endpoint(final EndpointSpec spec) {
        final NetworkSpec network = state.network(spec.network());
        final var port = endpoints.port(spec.name());
        return new Views.Endpoint(spec.name(), spec.network(), state.shownName(network),
            stateOf(spec), spec.netns(), spec.ifname(),
            spec.mac(),
            spec.addresses().stream().map(a -> network.prefixOf(a).withAddress(a)).toList(),
            port.map(p -> counters(p.counters(), PortCounter.values())).orElse(Map.of()),
            spec.ofDocker() ? new Views.Docker(spec.dockerId(), state.aliases().endpoints().get(spec.name())) : null);
    }

    private String stateOf(final EndpointSpec spec) {
        if (spec.netns() == null) {
            return "created";
        }
        return endpoints.port(spec.name()).filter(SwitchEngine.PortHandle::isUp).isPresent() ? "up" : "gone";
    }

    /**
     * The FDB, by network and MAC.
     *
     * @param only one network, or null for all.
     */
    List<Views.FdbEntry> fdb(final String only) {
        final List<Views.FdbEntry> entries = new ArrayList<>();
        final List<NetworkSpec> chosen = only == null ? List.copyOf(state.networks()) : List.of(state.network(only));
        final Map<Integer, String> names = PortNames.of(state, networks, endpoints, uplinks, overlays);
        for (final NetworkSpec spec : chosen) {
            networks.find(spec.name()).ifPresent(live -> engine.visitFdb(live.handle(),
                (mac, port, isStatic, age) -> entries.add(
                    new Views.FdbEntry(state.shownName(spec), MacAddress.format(mac),
                        names.getOrDefault(port, "port " + port),
                        isStatic ? "static" : "learned", isStatic ? null : age))));
        }
        entries.sort(Comparator.comparing(Views.FdbEntry::network).thenComparing(Views.FdbEntry::mac));
        return entries;
    }

    Views.Status status() {
        final SwitchStatus status = new SwitchStatus(engine);
        final List<Views.Worker> workers = status.workers().stream()
            .map(w -> new Views.Worker(w.name(), w.alive(), counters(w.counters(), WorkerCounter.values()))).toList();
        final List<Views.WorkerError> errors = status.errors().stream()
            .map(e -> new Views.WorkerError(e.count(), e.first(), e.last(), e.message())).toList();
        final List<String> issues = issues(workers);
        final var runtime = ManagementFactory.getRuntimeMXBean();
        return new Views.Status(issues.isEmpty() ? "ok" : "degraded", issues, Version.TEXT, runtime.getPid(),
            runtime.getUptime() / 1000, busy ? "busy" : "adaptive", workers, ports(), drops(status), errors);
    }

    private List<String> issues(final List<Views.Worker> workers) {
        final List<String> issues = new ArrayList<>();
        workers.stream().filter(w -> !w.alive()).forEach(w -> issues.add(w.name() + " has stopped"));
        networks().stream().filter(n -> "down".equals(n.state()))
            .forEach(n -> issues.add("network " + n.name() + " could not be restored"));
        state.endpoints().stream().filter(e -> "gone".equals(stateOf(e))).forEach(e -> issues.add("endpoint "
            + e.name() + " is gone" + (e.ofDocker() ? "; Docker removes it with the container" : "; detach it")));
        issues.addAll(docker.watch().forgotten().toSentences());
        issues.addAll(uplinks.failures());
        return issues;
    }

    private List<Views.Port> ports() {
        final List<Views.Port> ports = new ArrayList<>();
        for (final NetworkSpec spec : state.networks()) {
            final String network = state.shownName(spec);
            networks.find(spec.name()).ifPresent(
                live -> ports.add(port(spec.hostInterface(), "host", network, live.hostPort())));
            for (final EndpointSpec endpoint : state.endpointsOf(spec.name())) {
                endpoints.port(endpoint.name()).ifPresent(
                    port -> ports.add(port(state.shownName(endpoint), "endpoint", network, port)));
            }
            overlays.vtepsOf(spec.name()).forEach(vtep -> ports.add(
                port(IpPrefix.format(vtep.spec().address()), "vtep", network, vtep.port())));
        }
        for (final UplinkManager.Uplink uplink : uplinks.all()) {
            uplink.ports().forEach(port -> ports.add(port(uplink.link().name(), "uplink", "", port)));
        }
        overlays.underlayPorts().forEach(port -> ports.add(port(port.name(), "underlay", "", port)));
        return ports;
    }

    private static Views.Port port(final String name, final String kind, final String network,
                                   final SwitchEngine.PortHandle port) {
        return new Views.Port(name, kind, network, port.isUp(), counters(port.counters(), PortCounter.values()));
    }

    private static List<Views.Drop> drops(final SwitchStatus status) {
        return Arrays.stream(DropReason.values())
            .map(reason -> new Views.Drop(reason.name(), reason.description(), status.drops(reason)))
            .filter(drop -> drop.frames() > 0).toList();
    }

    static <E extends Enum<E>> Map<String, Long> counters(final CounterGroup<E> group, final E[] names) {
        final Map<String, Long> values = new LinkedHashMap<>();
        for (final E name : names) {
            values.put(lowerCamel(name.name()), group.get(name));
        }
        return values;
    }

    /** RX_FRAMES becomes rxFrames. */
    static String lowerCamel(final String constant) {
        final StringBuilder text = new StringBuilder();
        for (final String word : constant.toLowerCase(Locale.ROOT).split("_")) {
            text.append(text.isEmpty() ? word : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return text.toString();
    }
}
