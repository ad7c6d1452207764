package org.sluice.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.CoarseClock;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.UdpFlyweight;

/**
 * The whole bridge path of one worker over in-memory devices: a duty cycle takes a burst of 32 UDP frames from one
 * port, parses, guards, learns, looks up, and hands every frame to the egress device. One operation is one frame.
 */
@State(Scope.Thread)
public class BridgeBenchmark extends NanosecondBenchmark {
    private static final int BURST = 32;
    private static final int INGRESS = 0;
    private static final int EGRESS = 1;
    private static final int FDB_CAPACITY = 128 * 1024;
    private static final ConntrackConfig CONNTRACK =
        new ConntrackConfig(1024, 1024, true, true, ConntrackConfig.defaultTimeouts());
    /** Frames lie as in the slots of a batch. */
    private static final int HEADROOM = FrameBatch.HEADROOM;
    /**
     * 64k frames of this stride are 132 MiB: more than the caches hold. Not a power of two, as in no device: such
     * frames would all compete for the same few sets of the first cache.
     */
    private static final int STRIDE = 2048 + 64;
    private static final long SOURCE_MAC = 0x0242_0A00_0000L;
    private static final long DESTINATION_MAC = 0x0242_0B00_0000L;

    /** Bytes of a frame. */
    @Param({"64", "1500"})
    private int frameLength;

    /** MAC addresses in the FDB that the frames go to. */
    @Param({"1", "1024", "65536"})
    private int macs;

    /**
     * one: all frames come from the endpoint's own MAC and the source guard checks it, as on a container's port.
     * many: half of the MACs are sources, learned and refreshed, without a guard.
     */
    @Param({"one", "many"})
    private String sources;

    private ReplayDevice ingress;
    private ReplayDevice egress;
    private BenchSwitch host;

    /** Builds a worker with two ports and lets it learn all addresses. */
    @Setup(Level.Trial)
    public void setUp() throws Exception {
        final boolean guarded = "one".equals(sources);
        final int destinations = guarded ? macs : Math.max(1, macs / 2);
        final int sourceMacs = guarded ? 1 : Math.max(1, macs / 2);
        final int frames = Math.max(BURST, macs);
        ingress = new ReplayDevice(frames, frameLength, STRIDE, HEADROOM, BURST);
        egress = new ReplayDevice(BURST, frameLength, STRIDE, HEADROOM, BURST);
        final TurnPoller poller = new TurnPoller(INGRESS);
        poller.none();
        host = new BenchSwitch(poller, FDB_CAPACITY, CONNTRACK);
        host.addDomain(1, new PortIdentity(0x0242_0000_0001L, 0x0A00_0001, 0, 0));
        host.addPort(EGRESS, 1, PortKind.ENDPOINT, false, new PortIdentity(2, 0, 0, 0), egress);
        host.addPort(INGRESS, 1, PortKind.ENDPOINT, guarded, new PortIdentity(SOURCE_MAC, 0x0A00_0002, 0, 0), ingress);
        poller.inTurn();
        final int now = CoarseClock.seconds(System.nanoTime());
        for (int i = 0; i < destinations; i++) {
            host.fdb().learn(1, DESTINATION_MAC + i, EGRESS, now);
        }
        for (int i = 0; i < frames; i++) {
            writeFrame(ingress.region().address() + ingress.offset(i), SOURCE_MAC + i % sourceMacs,
                DESTINATION_MAC + (i * 7919L & 0xFFFF_FFFFL) % destinations);
        }
    }

    private void writeFrame(final long frame, final long source, final long destination) {
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(frame, frameLength);
        ethernet.source(source);
        ethernet.destination(destination);
        ethernet.etherType(EtherType.IPV4);
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(frame + EthernetFlyweight.LENGTH, frameLength);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        ipv4.totalLength(frameLength - EthernetFlyweight.LENGTH);
        ipv4.ttl(64);
        ipv4.protocol(IpProtocol.UDP);
        ipv4.source(0x0A00_0002);
        ipv4.destination(0x0A00_0003);
        ipv4.updateChecksum();
        final int l4Offset = EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH;
        new UdpFlyweight().wrap(frame + l4Offset, frameLength).datagramLength(frameLength - l4Offset);
    }

    /** One duty cycle: one burst. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int forward() {
        return host.worker().doWork();
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        if (egress.acceptedBytes() == 0) {
            throw new IllegalStateException("no frame reached the egress device");
        }
        host.requireNoDrops();
        host.close();
        ingress.close();
        egress.close();
    }
}
