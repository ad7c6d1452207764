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
 * The whole layer-3 path of one worker with masquerade, established flows of 64-byte packets: one duty cycle takes a
 * burst of 32 from the endpoint, out to the uplink, the next one the answers from the uplink, back in. One operation is
 * one packet.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class RoutingBenchmark {
    /** Connections that are open. */
    @Param({"1", "1024", "10240", "1048576"})
    private int flows;

    /** udp or tcp. */
    @Param({"udp", "tcp"})
    private String protocol;

    private MasqueradeScene scene;

    /** Opens all flows. */
    @Setup(Level.Trial)
    public void setUp() throws Exception {
        scene = new MasqueradeScene(flows, "tcp".equals(protocol));
        scene.openAll();
    }

    /** A burst out and a burst in. */
    @Benchmark
    @OperationsPerInvocation(2 * MasqueradeScene.BURST)
    public int forward() {
        return scene.host().worker().doWork() + scene.host().worker().doWork();
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        scene.host().requireNoDrops();
        scene.close();
    }
}
