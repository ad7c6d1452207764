package org.sluice.control.uplink;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.sluice.control.engine.SwitchEngine;
import org.sluice.control.host.HostWatch;
import org.sluice.control.model.Addresses;
import org.sluice.control.model.IpPrefix;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.route.Route;
import org.sluice.linux.netlink.KernelNeighbour;
import org.sluice.linux.netlink.KernelRoute;

/**
 * Keeps the workers' routes, local addresses and neighbours what the kernel's are: sends the differences. A worker is
 * given the neighbours that it asks for, and those that change. Owned by the control thread.
 */
public final class RouteMirror implements HostWatch.Listener {
    /** A prefix of the kernel's main table. */
    private record Prefix(InetAddress network, int length) {
    }

    private final SwitchEngine engine;
    private final UplinkManager uplinks;
    private final HostWatch host;
    /** By worker. */
    private final List<Map<Prefix, List<Route.Hop>>> programmed = new ArrayList<>();
    private Set<InetAddress> locals = Set.of();

    public RouteMirror(final SwitchEngine engine, final UplinkManager uplinks, final HostWatch host) {
        this.engine = engine;
        this.uplinks = uplinks;
        this.host = host;
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            programmed.add(new HashMap<>());
        }
    }

    @Override
    public void onHostChanged() {
        mirrorLocals(host.locals());
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            mirrorRoutes(worker);
        }
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

    private void mirrorLocals(final Set<InetAddress> now) {
        final List<InetAddress> come = now.stream().filter(address -> !locals.contains(address)).toList();
        final List<InetAddress> gone = locals.stream().filter(address -> !now.contains(address)).toList();
        for (int worker = 0; worker < engine.workerCount(); worker++) {
            for (final InetAddress address : come) {
                setLocal(worker, address, true);
            }
            for (final InetAddress address : gone) {
                setLocal(worker, address, false);
            }
        }
        // Nothing comes back to an address that is gone, and what leaves with it is another one's next.
        gone.stream().map(address -> Addresses.prefixOf(IpPrefix.single(address)))
            .forEach(address -> engine.flushConnections(ConntrackFilter.masqueradedWith(address)));
        locals = now;
    }

    private void setLocal(final int worker, final InetAddress address, final boolean present) {
        engine.execute(worker,
            new Command.SetLocalAddress(IpAddress.high(address), IpAddress.low(address), present),
            "program an address");
    }

    private void mirrorRoutes(final int worker) {
        final Map<Prefix, KernelRoute> best = bestRoutes();
        final Map<Prefix, List<Route.Hop>> known = programmed.get(worker);
        for (final Prefix gone : known.keySet().stream().filter(prefix -> !best.containsKey(prefix)).toList()) {
            engine.execute(worker, new Command.RemoveRoute(IpAddress.high(gone.network()),
                IpAddress.low(gone.network()), Addresses.length(gone.network(), gone.length())), "remove a route");
            known.remove(gone);
        }
        best.forEach((prefix, route) -> {
            final List<Route.Hop> hops = hopsOf(route, worker);
            if (!hops.equals(known.get(prefix))) {
                engine.execute(worker, new Command.PutRoute(new Route(
                    IpAddress.high(prefix.network()), IpAddress.low(prefix.network()),
                    Addresses.length(prefix.network(), prefix.length()),
                    hops.toArray(Route.Hop[]::new))), "add a route");
                known.put(prefix, hops);
            }
        });
    }

    /** Of several routes for one prefix the one of the lowest priority number. */
    private Map<Prefix, KernelRoute> bestRoutes() {
        final Map<Prefix, KernelRoute> best = new HashMap<>();
        for (final KernelRoute route : host.routes()) {
            best.merge(new Prefix(route.destination(), route.prefixLength()), route,
                (one, other) -> other.priority() < one.priority() ? other : one);
        }
        return best;
    }

    /** None where the route leads to an interface that is no uplink: such packets are dropped, not sent elsewhere. */
    private List<Route.Hop> hopsOf(final KernelRoute route, final int worker) {
        return route.type() != KernelRoute.UNICAST ? List.of() : route.hops().stream()
            .flatMap(hop -> uplinks.find(hop.linkIndex())
                .map(uplink -> toHop(uplink.portIndex(worker), route, hop)).stream())
            .limit(Command.PutRoute.MAX_HOPS).toList();
    }

    private Route.Hop toHop(final int portIndex, final KernelRoute route, final KernelRoute.Hop hop) {
        final InetAddress source = host.sourceOf(route, hop).orElse(null);
        return new Route.Hop(portIndex, hop.gateway() == null ? 0 : IpAddress.high(hop.gateway()),
            IpAddress.low(hop.gateway()), IpAddress.high(source), IpAddress.low(source));
    }
}
