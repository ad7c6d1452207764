package org.sluice.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.protocol.IpAddress;

/**
 * The command ring: a command is encoded, offered, drained by the worker in a duty cycle, carried out, and its result
 * taken. One operation is one command and two duty cycles; the wait for a worker on another core is no part of it.
 */
@State(Scope.Thread)
public class CommandBenchmark extends NanosecondBenchmark {
    private static final int CAPACITY = 1024;
    private static final int ADDRESS = 0xC000_020A;

    private BenchSwitch host;
    private Command.SetLocalAddress command;

    /** Builds a switch without ports. */
    @Setup(Level.Trial)
    public void setUp() {
        final TurnPoller poller = new TurnPoller();
        poller.none();
        host = new BenchSwitch(poller, CAPACITY,
            new ConntrackConfig(CAPACITY, CAPACITY, true, true, ConntrackConfig.defaultTimeouts()));
        command = new Command.SetLocalAddress(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(ADDRESS), true);
    }

    /** One command, to its result. */
    @Benchmark
    public void execute() throws Exception {
        host.execute(command);
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        host.close();
    }
}
