package org.sluice.bench;

import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The first packet of a masqueraded connection through the whole layer-3 path: a failed look-up, route, policy, a
 * source port, the new entry, the rewritten packet. One operation is one connection. The benchmark empties the table
 * between iterations; it is large enough not to fill within one. Used by one thread.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 60)
@Measurement(iterations = 40)
@Fork(2)
public class NewConnectionBenchmark {
    private static final int NEW = 65_536;

    /** Connections that exist before. */
    @Param({"0", "204800"})
    private int established;

    private MasqueradeScene scene;

    /** Builds the switch, with the established connections. */
    @Setup(Level.Trial)
    public void setUp() throws Exception {
        scene = new MasqueradeScene(NEW, false);
        scene.establishOthers(established);
    }

    /** Forgets the connections of the previous iteration. */
    @Setup(Level.Iteration)
    public void forget() throws Exception {
        scene.forget();
    }

    /** Opens all connections. */
    @Benchmark
    @OperationsPerInvocation(NEW)
    public int open() {
        int packets = 0;
        while (packets < NEW) {
            packets += scene.sendBurstOut();
        }
        return packets;
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        scene.host().requireNoDrops();
        scene.close();
    }
}
