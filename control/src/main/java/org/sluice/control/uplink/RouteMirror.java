package org.sluice.control.uplink;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostWatch;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.linux.netlink.KernelNeighbour;
import org.sluice.linux.netlink.KernelRoute;

/**
 * Keeps the workers' rules, routes, local addresses and neighbours what the kernel's are: sends the differences. It
 * notes what a worker has only when the worker has answered, so that a call after a failed one finishes its work. A
 * worker is given the neighbours that it asks for, and those that change. Owned by the control thread.
 */
public final class RouteMirror implements HostWatch.Listener {
    /** The addresses that one family's packets by an uplink are masqueraded with. */
    private record SourcesKey(int portIndex, boolean ipv4) {
    }

    /** What a worker has. */
    private static final class Mirrored {
        private final Map<RouteKey, RouteTranslator.Way> routes = new HashMap<>();
        private final Map<Boolean, List<PolicyRule>> rules = new HashMap<>();
        private final Map<SourcesKey, List<SourceAddress>> sources = new HashMap<>();
    }

    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final HostWatch host;
    private final MasqueradeSources sources;
    private final RouteTranslator routes;
    private final PolicyTranslator policy;
    /** By worker. */
    private final List<Mirrored> mirrored = new ArrayList<>();
    private Set<IpPrefix> locals = Set.of();

    /**
     * @param domainOf finds the network whose host interface is called so.
     */
    public RouteMirror(final SwitchEngine engine, final UplinkManager uplinks, final HostWatch host,
                       final Function<String, Optional<Integer>> domainOf) {
        this.engine = engine;
        this.uplinks = uplinks;
        this.host = host;
        sources = new MasqueradeSources(host, name -> domainOf.apply(name).isPresent());
        routes = new RouteTranslator(host, uplinks, sources);
        policy = new PolicyTranslator(domainOf);
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            mirrored.add(new Mirrored());
        }
    }

    @Override
    public void onHostChanged() {
        mirrorLocals(host.localPrefixes());
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            final Mirrored has = mirrored.get(worker);
            final Map<RouteKey, RouteTranslator.Way> wanted = routes.routesFor(worker);
            // What rules lead to comes before the rules, and what they led to goes after them: at no time does a packet
            // pass a rule whose table is not filled yet.
            mirrorSources(worker, has);
            putRoutes(worker, has, wanted);
            mirrorRules(worker, has, true);
            mirrorRules(worker, has, false);
            removeRoutes(worker, has, wanted);
        }
    }

    /** The address that packets by the hop are masqueraded with, or most of them; null if there is none. */
    public @Nullable InetAddress sourceOf(final KernelRoute route,
                                          final KernelRoute.Hop hop) {
        return routes.sourceOf(route, hop)
            .or(() -> sources.of(hop.linkIndex(), route.destination() instanceof Inet4Address).stream().findFirst())
            .map(source -> IpAddress.of(source.high(), source.low())).orElse(null);
    }

    @Override
    public void onNeighbour(final KernelNeighbour neighbour) {
        uplinks.find(neighbour.linkIndex()).ifPresent(uplink -> {
            for (int worker = 0; worker < engine.workerCount(); worker++) {
                putNeighbour(worker, uplink, neighbour);
            }
        });
    }

    /** A worker has packets for a neighbour on the uplink whose port this is. */
    public void onNeighbourWanted(final int worker, final int portIndex, final InetAddress address) {
        uplinks.all().stream().filter(uplink -> uplink.portIndex(worker) == portIndex).findFirst()
            .ifPresent(uplink -> {
                final int linkIndex = uplink.link().index();
                host.neighbour(linkIndex, address).ifPresent(known -> putNeighbour(worker, uplink, known));
                host.useNeighbour(linkIndex, address);
            });
    }

    private void putNeighbour(final int worker, final UplinkManager.Uplink uplink, final KernelNeighbour neighbour) {
        engine.execute(worker, new Command.PutNeighbour(uplink.portIndex(worker), IpAddress.high(neighbour.address()),
            IpAddress.low(neighbour.address()), neighbour.isUsable() ? neighbour.mac() : 0), "program a neighbour");
    }

    private void mirrorLocals(final Set<IpPrefix> now) {
        final List<IpPrefix> come = now.stream().filter(prefix -> !locals.contains(prefix)).toList();
        final List<IpPrefix> gone = locals.stream().filter(prefix -> !now.contains(prefix)).toList();
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            for (final IpPrefix prefix : come) {
                setLocal(worker, prefix, true);
            }
            for (final IpPrefix prefix : gone) {
                setLocal(worker, prefix, false);
            }
        }
        // Nothing comes back to an address that is gone, and what leaves with it is another one's next.
        gone.forEach(prefix -> engine.flushConnections(ConntrackFilter.masqueradedWith(Addresses.prefixOf(prefix))));
        locals = now;
    }

    private void setLocal(final int worker, final IpPrefix prefix, final boolean present) {
        final ConntrackFilter.Prefix mapped = Addresses.prefixOf(prefix);
        engine.execute(worker, new Command.SetLocalAddress(mapped.high(), mapped.low(), mapped.length(), present),
            "program an address");
    }

    private void mirrorSources(final int worker, final Mirrored has) {
        final Map<SourcesKey, List<SourceAddress>> wanted = new HashMap<>();
        for (final UplinkManager.Uplink uplink : uplinks.all()) {
            for (final boolean ipv4 : new boolean[] {true, false}) {
                wanted.put(new SourcesKey(uplink.portIndex(worker), ipv4), sources.of(uplink.link().index(), ipv4));
            }
        }
        has.sources.keySet().forEach(key -> wanted.putIfAbsent(key, List.of()));
        wanted.forEach((key, addresses) -> {
            if (!addresses.equals(has.sources.getOrDefault(key, List.of()))) {
                for (final SourceAddress address : addresses) {
                    engine.execute(worker, new Command.AddSource(address), "add a source address");
                }
                engine.execute(worker, new Command.InstallSources(key.portIndex(), key.ipv4(), addresses.size()),
                    "install source addresses");
                has.sources.put(key, addresses);
            }
        });
        has.sources.values().removeIf(List::isEmpty);
    }

    private void putRoutes(final int worker, final Mirrored has, final Map<RouteKey, RouteTranslator.Way> wanted) {
        wanted.forEach((key, way) -> {
            if (!way.equals(has.routes.get(key))) {
                engine.execute(worker, new Command.PutRoute(way.with(key)), "add a route");
                has.routes.put(key, way);
            }
        });
    }

    private void removeRoutes(final int worker, final Mirrored has, final Map<RouteKey, RouteTranslator.Way> wanted) {
        for (final RouteKey gone : has.routes.keySet().stream().filter(key -> !wanted.containsKey(key)).toList()) {
            engine.execute(worker, new Command.RemoveRoute(gone), "remove a route");
            has.routes.remove(gone);
        }
    }

    private void mirrorRules(final int worker, final Mirrored has, final boolean ipv4) {
        final List<PolicyRule> rules = policy.translate(host.rules(), ipv4);
        if (!rules.equals(has.rules.get(ipv4))) {
            for (final PolicyRule rule : rules) {
                engine.execute(worker, new Command.AddRule(rule), "add a rule");
            }
            engine.execute(worker, new Command.InstallRules(ipv4, rules.size()), "install the rules");
            has.rules.put(ipv4, rules);
        }
    }
}
