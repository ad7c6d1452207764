package org.sluice.datapath.simulation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.command.CommandResult;
import org.sluice.datapath.worker.DeviceGoneException;

/** The switch, the world around it and the model of both, on one clock. Actions play on it. */
final class Scene implements AutoCloseable {
    private static final int MOST_HOSTILE = 60;

    final Dice dice;
    final History history = new History();
    final SimulatedSwitch.Clock clock = new SimulatedSwitch.Clock();
    final SwitchLimits limits;
    final World world;
    final FlowModel flows;
    final Neighbours neighbours = new Neighbours();
    final Router router;
    final FdbView fdb;
    final Bridge bridge;
    private final Path folder;
    private final Set<DropReason> met = EnumSet.noneOf(DropReason.class);
    private final List<Expectation> expected = new ArrayList<>();
    private Ledger ledger = new Ledger();
    private SimulatedSwitch sluice;
    private int flowsBefore;
    private int nextId;
    private int hostileFrames;
    private long disturbedUntilNs;

    Scene(final Dice dice, final Path folder) {
        this.dice = dice;
        this.folder = folder;
        limits = SwitchLimits.random(dice);
        world = new World(dice);
        flows = new FlowModel(limits.natPorts(), clock);
        router = new Router(world, flows, neighbours, clock, limits.conntrack());
        fdb = new FdbView(clock, limits);
        bridge = new Bridge(world, router, fdb);
        start();
    }

    SimulatedSwitch sluice() {
        return sluice;
    }

    /** Begins a life of the worker: control tells it all that it wants. */
    private void start() {
        sluice = new SimulatedSwitch(folder, limits, clock, dice);
        ledger = new Ledger();
        Control.program(this);
    }

    /** The worker ends as in a crash, and another one takes its place. */
    void restart() {
        sluice.close();
        neighbours.clear(null);
        fdb.clear();
        start();
    }

    void mustBe(final CommandResult wanted, final CommandResult answer) {
        if (answer != wanted) {
            throw new AssertionError("a command was answered " + answer + ", not " + wanted);
        }
    }

    /** A number for the next packet, which no other one of the last thousands has. */
    int newId() {
        nextId = nextId + 1 & 0xFFFF;
        return nextId;
    }

    /** A station sends a frame that the model knows all about. */
    Fate send(final Station from, final byte[] frame, final Packet packet) {
        return send(from, frame, bridge.fate(from, frame, packet));
    }

    Fate send(final Station from, final byte[] frame, final Fate fate) {
        inject(from, frame);
        foretell(fate);
        return fate;
    }

    /** What comes out without a frame that comes in, or after it. */
    void foretell(final Fate fate) {
        expected.addAll(fate.copies());
        ledger.foretold(fate);
        met.addAll(fate.dropped());
        met.addAll(fate.lost());
    }

    /** A station sends a frame, as broken as it may be. */
    void inject(final Station from, final byte[] frame) {
        from.device().inject(frame);
        ledger.received(from);
        fdb.saw(from, frame);
    }

    /** Hostile frames have come: what they may have filled is not counted on for a while. */
    void disturb(final int frames) {
        hostileFrames += frames;
        disturbedUntilNs = clock.nowNs() + TimeUnit.SECONDS.toNanos(31);
        if (isCrowded()) {
            flows.doubt();
        }
    }

    /** Whether fragments of others may still be in the way. */
    boolean isDisturbed() {
        return clock.nowNs() < disturbedUntilNs;
    }

    /** Whether the table of connections may be full. */
    boolean isCrowded() {
        return hostileFrames > MOST_HOSTILE;
    }

    /** The table of connections is empty again. */
    void emptied() {
        hostileFrames = 0;
        flows.all().clear();
    }

    /** Before an action. */
    void begin() {
        flowsBefore = router.openedCount();
        fdb.read(sluice);
    }

    /** Carries all frames, and asserts that what comes out is what must, and that the counters add up. */
    void settle() {
        sluice.run(world.stations());
        for (final Station station : world.stations()) {
            for (final byte[] frame : station.device().takeSent()) {
                history.saw(station, frame);
                ledger.sent(station);
                meet(station, frame);
            }
        }
        if (!expected.isEmpty()) {
            throw new AssertionError("has not come out: " + expected + "; " + ledger.surprises(sluice));
        }
        ledger.opened(router.openedCount() - flowsBefore);
        flowsBefore = router.openedCount();
        ledger.checkForetold(sluice);
        checkState();
    }

    /** The same after hostile frames, of which this checks what it can. */
    void settle(final HostileRules rules) {
        sluice.run(world.stations());
        for (final Station station : world.stations()) {
            for (final byte[] frame : station.device().takeSent()) {
                history.saw(station, frame);
                ledger.sent(station);
                rules.check(station, frame);
            }
        }
        ledger.resume(sluice);
        checkState();
    }

    private void meet(final Station station, final byte[] frame) {
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i).at() == station && expected.get(i).isMetBy(frame)) {
                expected.remove(i);
                return;
            }
        }
        throw new AssertionError("must not come out at " + station + ": " + History.hex(frame)
            + System.lineSeparator() + "expected were " + expected);
    }

    private void checkState() {
        ledger.checkSums(sluice, world.stations());
        for (final Throwable error : sluice.takeErrors()) {
            if (!(error instanceof DeviceGoneException)) {
                throw new AssertionError("the worker has reported an error", error);
            }
        }
        fdb.read(sluice);
        fdb.check(world);
        if (sluice.connections().size() > limits.conntrack().capacity()) {
            throw new AssertionError("more connections than there may be: " + sluice.connections().size());
        }
    }

    /** Asserts that the switch knows just the connections that it must, and those that it may. */
    void checkConnections() {
        new ConnectionView(sluice, clock).check(flows);
    }

    /** Why frames were dropped that the model has foretold the fate of. */
    Set<DropReason> met() {
        return met;
    }

    /** Time goes by, and the worker clears away what is old. */
    void advance(final long milliseconds) {
        clock.advance(TimeUnit.MILLISECONDS.toNanos(milliseconds));
        sluice.run(world.stations());
        neighbours.expire(clock.nowNs());
        flows.expire();
    }

    @Override
    public void close() {
        sluice.close();
    }
}
