package org.sluice.datapath.simulation;

import java.util.ArrayList;
import java.util.List;

import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.conntrack.Connection;
import org.sluice.datapath.conntrack.ConntrackFilter;

/** What control, time and accidents do to the switch. */
final class Changes {
    private final Scene scene;
    private final Dice dice;
    private final World world;
    private RouteEntry withdrawn;

    Changes(final Scene scene) {
        this.scene = scene;
        dice = scene.dice;
        world = scene.world;
    }

    /** An endpoint comes, with addresses and a port that another one may have had before. */
    void attach() {
        final Network network = dice.pick(world.networks());
        if (network.stations().size() > World.MAX_ENDPOINTS) {
            return;
        }
        final Station endpoint = world.newEndpoint(network);
        scene.history.note("attach " + endpoint + " to " + network + (endpoint.isGuarded() ? " guarded" : ""));
        network.stations().add(endpoint);
        Control.addStation(scene, endpoint);
    }

    /** An endpoint goes, and its connections with it. */
    void detach() {
        final Station endpoint = anyEndpoint();
        if (endpoint != null) {
            scene.history.note("detach " + endpoint);
            Control.removeStation(scene, endpoint, false);
            endpoint.network().stations().remove(endpoint);
            scene.flows.remove(endpoint);
        }
    }

    private Station anyEndpoint() {
        final List<Station> endpoints = world.endpoints();
        return endpoints.isEmpty() ? null : dice.pick(endpoints);
    }

    /** An endpoint's port is made anew; its connections stay. */
    void reattach() {
        final Station endpoint = anyEndpoint();
        if (endpoint == null) {
            return;
        }
        scene.history.note("reattach " + endpoint);
        Control.removeStation(scene, endpoint, true);
        endpoint.plugIn();
        endpoint.network().stations().remove(endpoint);
        endpoint.network().stations().add(endpoint);
        Control.addStation(scene, endpoint);
    }

    /** A network is made anew with another policy; its connections stay. */
    void changePolicy() {
        final Network network = dice.pick(world.networks());
        network.stations().forEach(station -> Control.removeStation(scene, station, true));
        Control.execute(scene, new Command.RemoveDomain(network.id()));
        network.policy(world.randomPolicy());
        network.stations().forEach(Station::plugIn);
        scene.history.note("change policy to " + network);
        Control.addNetwork(scene, network);
    }

    /** Ports are published; the switch refuses what is in the way of others. */
    void publish() {
        final Station endpoint = anyEndpoint();
        if (endpoint == null) {
            return;
        }
        final boolean v4 = endpoint.address(false) == null || dice.chance(60);
        final Publication publication = new Publication(dice.chance(50) ? Packet.TCP : Packet.UDP, v4,
            dice.chance(50) ? null : dice.pick(world.uplinks()).address(v4), dice.between(8000, 8030),
            dice.chance(70) ? 1 : dice.between(2, 10), endpoint.address(v4), dice.pick(List.of(53, 80, 443)));
        final boolean taken = world.publications().stream().anyMatch(publication::isInTheWayOf);
        scene.history.note("publish " + publication + (taken ? ": taken" : ""));
        scene.mustBe(taken ? CommandResult.PORT_MAP_TAKEN : CommandResult.OK,
            scene.sluice().execute(new Command.AddPortMap(publication.map())));
        if (!taken) {
            world.publications().add(publication);
        }
    }

    /** Ports are published no longer; connections by them go on. */
    void withdraw() {
        if (!world.publications().isEmpty()) {
            final Publication publication = dice.pick(world.publications());
            scene.history.note("withdraw " + publication);
            world.publications().remove(publication);
            Control.execute(scene, new Command.RemovePortMap(publication.map()));
        }
    }

    /** A route goes, or comes back. */
    void reroute() {
        if (withdrawn != null) {
            scene.history.note("put route " + withdrawn.prefix());
            Control.execute(scene, new Command.PutRoute(withdrawn.route()));
            world.routes().add(withdrawn);
            withdrawn = null;
            return;
        }
        withdrawn = dice.pick(world.routes());
        scene.history.note("remove route " + withdrawn.prefix());
        world.routes().remove(withdrawn);
        Control.execute(scene, new Command.RemoveRoute(withdrawn.route().key()));
    }

    /** The kernel has found a neighbour that packets wait for, or has not. */
    void answerNeighbours() {
        for (final Neighbours.Key key : scene.neighbours.wanted()) {
            final boolean there = dice.chance(85);
            scene.history.note("neighbour " + key.address() + (there ? " is there" : " does not answer"));
            if (there) {
                final long mac = World.neighbourMac(key.address());
                scene.neighbours.know(key, mac);
                scene.neighbours.take(key).forEach(waiting -> scene.foretell(
                    scene.router.leave(key.uplink(), mac, waiting.flow(), waiting.direction(), waiting.packet())));
            } else {
                scene.router.giveUp(key).forEach(scene::foretell);
            }
            put(key, there);
        }
    }

    /** A neighbour that was there answers no longer. */
    void loseNeighbour() {
        final List<Neighbours.Key> known = new ArrayList<>(scene.neighbours.known());
        if (!known.isEmpty()) {
            final Neighbours.Key key = dice.pick(known);
            scene.history.note("neighbour " + key.address() + " is lost");
            scene.neighbours.forget(key);
            put(key, false);
        }
    }

    private void put(final Neighbours.Key key, final boolean there) {
        Control.execute(scene, new Command.PutNeighbour(key.uplink().port(), key.address().high(),
            key.address().low(), there ? World.neighbourMac(key.address()) : 0));
    }

    /** What was learned is forgotten. */
    void flushFdb() {
        final Network network = dice.pick(world.networks());
        final boolean all = dice.chance(50);
        scene.history.note("flush the FDB of " + (all ? "all" : network));
        (all ? world.networks() : List.of(network)).forEach(scene.fdb::forget);
        Control.execute(scene, new Command.FlushFdb(all ? 0 : network.id()));
    }

    /** All connections end; most often when there are too many. */
    void flushConnections() {
        if (!scene.isCrowded() && dice.chance(70)) {
            return;
        }
        scene.history.note("flush all connections");
        Control.execute(scene, new Command.FlushConntrack(ConntrackFilter.ALL, 0, false));
        scene.emptied();
    }

    /** Connections by ports that are published no longer end. */
    void flushUnpublished() {
        scene.history.note("flush unpublished connections");
        Control.execute(scene, new Command.FlushConntrack(
            ConntrackFilter.withStatus(Connection.DNAT), 0, true));
        scene.flows.all().removeIf(flow -> flow.isDestinationTranslated()
            && world.published(flow.original()) == null);
    }

    /** A device takes no frames, or takes them again. */
    void refuse() {
        final Station station = dice.pick(world.stations());
        if (!station.isGone()) {
            station.refuse(station.takesFrames());
            scene.history.note(station + (station.takesFrames() ? " takes frames" : " refuses frames"));
        }
    }

    /** A device goes, as with its namespace. */
    void vanish() {
        final Station endpoint = anyEndpoint();
        if (endpoint != null && !endpoint.isGone()) {
            scene.history.note(endpoint + " vanishes");
            endpoint.vanish();
            scene.fdb.forget(endpoint);
        }
    }

    /** An uplink's port is made anew: its neighbours must be found again. */
    void flapUplink() {
        final Station uplink = dice.pick(world.uplinks());
        scene.history.note(uplink + " flaps");
        Control.removeStation(scene, uplink, false);
        scene.neighbours.clear(uplink);
        uplink.plugIn();
        Control.addStation(scene, uplink);
    }

    /** The worker ends in the middle of its work; endpoints that are gone meanwhile do not come back. */
    void restart() {
        final Station detached = dice.chance(30) ? anyEndpoint() : null;
        final List<Station> absent =
            world.endpoints().stream().filter(endpoint -> endpoint.isGone() || endpoint == detached).toList();
        scene.history.note("restart without " + absent);
        absent.forEach(endpoint -> endpoint.network().stations().remove(endpoint));
        scene.restart();
        absent.forEach(endpoint -> Control.endConnections(scene, endpoint));
    }

    /** Some seconds, minutes or days go by. */
    void wait(final int mostSeconds) {
        final int seconds = dice.between(1, mostSeconds);
        scene.history.note(seconds + " seconds go by");
        scene.advance(seconds * 1000L);
    }
}
