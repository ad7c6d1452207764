package org.sluice.datapath.simulation;

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
        network.stations().forEach(station -> addStation(scene, station));
    }

    static void addStation(final Scene scene, final Station station) {
        scene.mustBe(CommandResult.OK, scene.sluice().addStation(station));
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
