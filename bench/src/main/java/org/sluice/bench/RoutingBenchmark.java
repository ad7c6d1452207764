package org.sluice.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The whole layer-3 path of one worker with masquerade, for established flows of 64-byte packets. One duty cycle takes
 * a burst of 32 from the endpoint out to the uplink; the next one takes the answers from the uplink back in. One
 * operation is one packet.
 */
@State(Scope.Thread)
public class RoutingBenchmark extends NanosecondBenchmark {
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
