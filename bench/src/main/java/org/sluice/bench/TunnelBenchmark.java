package org.sluice.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.EgressQueue;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.Encapsulator;
import org.sluice.datapath.tunnel.SuperFrameDevice;
import org.sluice.datapath.tunnel.Vtep;

/**
 * Frames of 64 bytes through the tunnel, in bursts of 32, over an underlay that takes datagrams and gives the same ones
 * again and again. The UDP checksum is 0, so that no frame is merged with another. With many VTEPs every frame of a
 * burst is for, or from, another one. One operation is one frame.
 */
@State(Scope.Thread)
public class TunnelBenchmark extends NanosecondBenchmark {
    private static final int BURST = 32;
    private static final int FRAME_LENGTH = 64;
    private static final int ENDPOINT = 0;
    private static final int UNDERLAY = 1;
    private static final int FIRST_VTEP = 16;
    private static final int VNI = 4711;
    private static final int FDB_CAPACITY = 16 * 1024;
    private static final int STRIDE = 2048 + 64;
    private static final int FIRST_VTEP_ADDRESS = 0x0A63_0000;
    private static final int FIRST_REMOTE_ADDRESS = 0x0A00_4000;
    private static final int ENDPOINT_ADDRESS = 0x0A00_0002;
    private static final long ENDPOINT_MAC = 0x0242_0A00_0002L;
    private static final long FIRST_REMOTE_MAC = 0x0242_0B00_0000L;
    private static final ConntrackConfig CONNTRACK =
        new ConntrackConfig(1024, 1024, true, true, ConntrackConfig.defaultTimeouts());
    /** At the end of the counters, where no other is: nobody asks for these, so that all VTEPs share them. */
    private static final int FIRST_SHARED_COUNTER = 480;

    /** Remote VTEPs, with an endpoint behind each. */
    @Param({"1", "1000"})
    private int vteps;

    private TurnPoller poller;
    private ReplayDevice endpoint;
    private Underlay underlay;
    private BenchSwitch host;
    private Encapsulator encapsulator;
    private final EgressQueue queue = new EgressQueue();
    private Vtep[] targets;
    private int next;

    /** Builds a worker with an endpoint and all VTEPs. */
    @Setup(Level.Trial)
    public void setUp() throws Exception {
        final int frames = (Math.max(vteps, BURST) + BURST - 1) / BURST * BURST;
        endpoint = new ReplayDevice(frames, FRAME_LENGTH, STRIDE, FrameBatch.HEADROOM, BURST);
        underlay = new Underlay(frames);
        poller = new TurnPoller(ENDPOINT, UNDERLAY);
        poller.none();
        host = new BenchSwitch(poller, FDB_CAPACITY, CONNTRACK);
        final PortIdentity nobody = new PortIdentity(0, 0, 0, 0);
        host.execute(new Command.AddDomain(1, new PortIdentity(0x0242_0A00_0001L, 0x0A00_0001, 0, 0),
            new DomainPolicy(false, true, true, VNI, true), sharedCounters(4)));
        host.addDomain(2, nobody);
        final CounterGroup<PortCounter> underlayCounters =
            host.addPort(UNDERLAY, 2, PortKind.UNDERLAY, false, nobody, underlay);
        host.addPort(ENDPOINT, 1, PortKind.ENDPOINT, true,
            new PortIdentity(ENDPOINT_MAC, ENDPOINT_ADDRESS, 0, 0), endpoint);
        for (int i = 0; i < vteps; i++) {
            host.execute(new Command.AddVtep(FIRST_VTEP + i, 1, 1450, IpAddress.IPV4_HIGH,
                IpAddress.ipv4Low(FIRST_VTEP_ADDRESS + i), sharedCounters(PortCounter.values().length)));
            host.execute(new Command.PutRemote(1, FIRST_VTEP + i,
                new PortIdentity(FIRST_REMOTE_MAC + i, FIRST_REMOTE_ADDRESS + i, 0, 0)));
        }
        encapsulator = new Encapsulator(portIndex -> { });
        encapsulator.underlay(underlay, underlayCounters);
        targets = new Vtep[vteps];
        for (int i = 0; i < frames; i++) {
            final int remote = i % vteps;
            writeFrame(endpoint.region().address() + endpoint.offset(i), ENDPOINT_MAC, FIRST_REMOTE_MAC + remote,
                ENDPOINT_ADDRESS, FIRST_REMOTE_ADDRESS + remote);
            underlay.peer(i, FIRST_VTEP_ADDRESS + remote);
            writeFrame(underlay.datagram(i) + VxlanFlyweight.LENGTH, FIRST_REMOTE_MAC + remote, ENDPOINT_MAC,
                FIRST_REMOTE_ADDRESS + remote, ENDPOINT_ADDRESS);
            targets[remote] = new Vtep(encapsulator, FIRST_VTEP + remote, VNI, IpAddress.IPV4_HIGH,
                IpAddress.ipv4Low(FIRST_VTEP_ADDRESS + remote));
        }
    }

    private static int[] sharedCounters(final int count) {
        final int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = FIRST_SHARED_COUNTER + i;
        }
        return ids;
    }

    private static void writeFrame(final long frame, final long source, final long destination, final int sourceIp,
                                   final int destinationIp) {
        new VirtioNetHeaderFlyweight().wrapBefore(frame).clear();
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(frame, FRAME_LENGTH);
        ethernet.source(source);
        ethernet.destination(destination);
        ethernet.etherType(EtherType.IPV4);
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(frame + EthernetFlyweight.LENGTH, FRAME_LENGTH);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        ipv4.totalLength(FRAME_LENGTH - EthernetFlyweight.LENGTH);
        ipv4.ttl(64);
        ipv4.protocol(IpProtocol.UDP);
        ipv4.source(sourceIp);
        ipv4.destination(destinationIp);
        ipv4.updateChecksum();
        final int l4Offset = EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH;
        new UdpFlyweight().wrap(frame + l4Offset, FRAME_LENGTH).datagramLength(FRAME_LENGTH - l4Offset);
    }

    /** From the endpoint to the underlay: one duty cycle, one burst. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int encapsulate() {
        poller.only(ENDPOINT);
        return host.worker().doWork();
    }

    /** The last step of that alone, for one VTEP after the other. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int encapsulateOnly() {
        final int perVtep = vteps == 1 ? BURST : 1;
        for (int i = 0; i < BURST; i += perVtep) {
            queue.clear();
            for (int n = 0; n < perVtep; n++) {
                queue.add(endpoint.region().address() + endpoint.offset(next + n), FRAME_LENGTH);
            }
            targets[next % vteps].transmit(queue);
            next = next + perVtep >= vteps ? 0 : next + perVtep;
        }
        return queue.acceptedFrames();
    }

    /** From the underlay to the endpoint: one duty cycle, one burst. */
    @Benchmark
    @OperationsPerInvocation(BURST)
    public int decapsulate() {
        poller.only(UNDERLAY);
        return host.worker().doWork();
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        if (underlay.messages == 0 && endpoint.acceptedBytes() == 0) {
            throw new IllegalStateException("no frame came out");
        }
        host.requireNoDrops();
        host.close();
        encapsulator.close();
        endpoint.close();
        underlay.close();
    }

    /** Gives the same datagrams again and again; their VXLAN headers, which are written over, anew each time. */
    private static final class Underlay implements SuperFrameDevice {
        private final OffHeapRegion region;
        private final int datagrams;
        private int next;
        private long messages;

        Underlay(final int datagrams) {
            this.datagrams = datagrams;
            region = OffHeapRegion.anonymous((long) datagrams * STRIDE);
        }

        long datagram(final int i) {
            return region.address() + (long) i * STRIDE + FrameBatch.HEADROOM - VxlanFlyweight.LENGTH;
        }

        void peer(final int i, final int address) {
            Datagram.clear(datagram(i));
            Datagram.peer(datagram(i), IpAddress.IPV4_HIGH, IpAddress.ipv4Low(address));
            Datagram.roomBytes(datagram(i), STRIDE - FrameBatch.HEADROOM);
        }

        @Override
        public int receive(final FrameBatch batch) {
            for (int i = 0; i < BURST; i++) {
                final long datagram = datagram(next);
                NetworkOrder.i64(datagram, VxlanFlyweight.header(VNI));
                batch.append(datagram, VxlanFlyweight.LENGTH + FRAME_LENGTH);
                next = next + 1 == datagrams ? 0 : next + 1;
            }
            return BURST;
        }

        @Override
        public void transmit(final EgressQueue queue) {
            messages += queue.size();
        }

        @Override
        public boolean carriesWhole() {
            return false;
        }

        @Override
        public int sourcePort(final int flow) {
            return 0;
        }

        @Override
        public int tunnelPort() {
            return 0;
        }

        @Override
        public boolean transmitWhole(final long headers, final int headerBytes, final long frame,
                                     final int frameBytes) {
            return false;
        }

        @Override
        public String name() {
            return "underlay";
        }

        @Override
        public void close() {
            region.close();
        }
    }
}
