package org.sluice.control.api;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.sluice.control.docker.Docker;
import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.engine.SwitchStatus;
import org.sluice.control.model.DesiredState;
import org.sluice.control.network.Networking;
import org.sluice.control.network.PortInventory;
import org.sluice.control.uplink.UplinkManager;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.status.WorkerCounter;

/** Shows how the daemon is: its workers, ports, drops and errors. Used on the control thread; disturbs no worker. */
final class StatusViews {
    private final DesiredState state;
    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final Networking networking;
    private final Docker docker;
    private final EndpointViews endpoints;
    private final boolean busy;

    StatusViews(final ControlApi.Parts parts, final EndpointViews endpoints, final boolean busy) {
        state = parts.state();
        engine = parts.engine();
        uplinks = parts.uplinks();
        networking = parts.networking();
        docker = parts.docker();
        this.endpoints = endpoints;
        this.busy = busy;
    }

    Views.Status view() {
        final SwitchStatus status = new SwitchStatus(engine);
        final List<Views.Worker> workers = status.workers().stream()
            .map(w -> new Views.Worker(w.name(), w.alive(), Counters.of(w.counters(), WorkerCounter.values())))
            .toList();
        final List<Views.WorkerError> errors = status.errors().stream()
            .map(e -> new Views.WorkerError(e.count(), e.first(), e.last(), e.message())).toList();
        final List<String> issues = issues(workers);
        final var runtime = ManagementFactory.getRuntimeMXBean();
        return new Views.Status(issues.isEmpty() ? "ok" : "degraded", issues, Version.TEXT, runtime.getPid(),
            runtime.getUptime() / 1000, busy ? "busy" : "adaptive", workers,
            networking.ports().all().stream().map(StatusViews::port).toList(), drops(status), errors);
    }

    private List<String> issues(final List<Views.Worker> workers) {
        final List<String> issues = new ArrayList<>();
        workers.stream().filter(w -> !w.alive()).forEach(w -> issues.add(w.name() + " has stopped"));
        state.networks().stream().filter(n -> networking.liveNetworks().find(n.name()).isEmpty())
            .forEach(n -> issues.add("network " + n.name() + " could not be restored"));
        state.endpoints().stream().filter(endpoints::isGone).forEach(e -> issues.add("endpoint "
            + e.name() + " is gone" + (e.ofDocker() ? "; Docker removes it with the container" : "; detach it")));
        issues.addAll(docker.watch().forgotten().toSentences());
        issues.addAll(uplinks.issues());
        issues.addAll(networking.failures());
        issues.addAll(networking.issues());
        return issues;
    }

    private static Views.Port port(final PortInventory.Port port) {
        return new Views.Port(port.name(), port.kindName(), port.network(), port.handle().isUp(),
            Counters.of(port.handle().counters(), PortCounter.values()));
    }

    private List<Views.Drop> drops(final SwitchStatus status) {
        return Stream.concat(
            Arrays.stream(DropReason.values())
                .map(reason -> new Views.Drop(reason.name(), reason.description(), status.drops(reason))),
            Stream.of(
                new Views.Drop("PROXY_CONNECTION_GAVE_WAY", "the host's proxy was full, and this one idle longest",
                    networking.proxyConnectionsGaveWay()),
                new Views.Drop("PROXY_SESSION_GAVE_WAY", "the host's proxy was full, and this one idle longest",
                    networking.proxySessionsGaveWay()),
                new Views.Drop("PROXY_DATAGRAM_LOST", "its receiver was too slow for the host's proxy",
                    networking.proxyDatagramsLost())))
            .filter(drop -> drop.frames() > 0).toList();
    }
}
