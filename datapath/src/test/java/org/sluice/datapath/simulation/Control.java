package org.sluice.datapath.simulation;

import java.util.List;

import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandResult;

/** Tells the worker what the world wants of it. */
final class Control {
    private Control() {
    }

    /** All of it, to a worker that knows nothing. */
    static void program(final Scene scene) {
        final World world = scene.world;
        for (final Network network : world.networks()) {
            addNetwork(scene, network);
            setLocal(scene, network.gateway(true), true);
            setLocal(scene, network.gateway(false), true);
        }
        for (final Station uplink : world.uplinks()) {
            addNetwork(scene, uplink.network());
            setLocal(scene, uplink.address(true), true);
            setLocal(scene, uplink.address(false), true);
        }
        world.routes().forEach(route -> execute(scene, new Command.PutRoute(route.route())));
        world.publications().forEach(p -> execute(scene, new Command.AddPortMap(p.map())));
    }

    /** With its stations. */
    static void addNetwork(final Scene scene, final Network network) {
        scene.mustBe(CommandResult.OK, scene.sluice().addNetwork(network));
        List.copyOf(network.stations()).forEach(station -> addStation(scene, station));
    }

    /** A station whose MAC address finds no place among those that are pinned is refused, and goes away. */
    static void addStation(final Scene scene, final Station station) {
        final CommandResult answer = scene.sluice().addStation(station);
        if (answer == CommandResult.FDB_FULL && (station.isHost() || station.isGuarded())) {
            scene.history.note("no place for " + station);
            station.network().stations().remove(station);
            endConnections(scene, station);
            return;
        }
        scene.mustBe(CommandResult.OK, answer);
    }

    /** Of an endpoint that the switch does not have. */
    static void endConnections(final Scene scene, final Station absent) {
        scene.mustBe(CommandResult.PORT_UNKNOWN,
            scene.sluice().execute(new Command.RemovePort(absent.port(), false)));
        scene.flows.remove(absent);
    }

    static void removeStation(final Scene scene, final Station station, final boolean keepConnections) {
        execute(scene, new Command.RemovePort(station.port(), keepConnections));
        scene.fdb.forget(station);
    }

    static void execute(final Scene scene, final Command command) {
        scene.mustBe(CommandResult.OK, scene.sluice().execute(command));
    }

    private static void setLocal(final Scene scene, final Address address, final boolean present) {
        if (address != null) {
            execute(scene, new Command.SetLocalAddress(address.high(), address.low(), present));
        }
    }
}
