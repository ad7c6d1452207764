package org.sluice.bench;

import org.agrona.UnsafeApi;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.bridge.BridgeDomain;
import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.buffer.DropReason;
import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.VirtioNetHeaderFlyweight;
import org.sluice.datapath.protocol.VxlanFlyweight;
import org.sluice.datapath.status.CounterGroup;
import org.sluice.datapath.status.CounterRegistry;
import org.sluice.datapath.status.NetworkCounter;
import org.sluice.datapath.status.PortCounter;
import org.sluice.datapath.tunnel.Datagram;
import org.sluice.datapath.tunnel.Decapsulator;
import org.sluice.datapath.tunnel.Segmenter;
import org.sluice.datapath.tunnel.Vtep;
import org.sluice.datapath.tunnel.VtepTable;

/**
 * A super-frame of TCP over IPv4 cut into segments with their checksums, and segments merged into one again, with
 * theirs checked. One operation is one super-frame: 64 KiB in 47 segments, or 45 full segments.
 */
@State(Scope.Thread)
public class SegmentationBenchmark extends NanosecondBenchmark {
    /** Of TCP over IPv4 in a VXLAN tunnel over IPv4 with 1500 bytes, with timestamps. */
    private static final int MSS = 1398;
    private static final int SEGMENTS = 45;
    private static final int HEADERS = 54;
    private static final int SUPER_FRAME_LENGTH = EthernetFlyweight.LENGTH + 65_535;
    private static final int VNI = 4711;
    private static final int PEER = 0x0A63_0001;
    private static final int FRONT = 128;
    private static final int STRIDE = 2048 + 64;
    /** The first one becomes the super-frame. */
    private static final int FIRST_ROOM = 70_000;
    private static final int TARGET_BYTES = 128 * 1024;

    private final Segmenter segmenter = new Segmenter();
    private final OffHeapRegion superFrame = OffHeapRegion.anonymous(FRONT + SUPER_FRAME_LENGTH);
    private final OffHeapRegion target = OffHeapRegion.anonymous(TARGET_BYTES);
    private final OffHeapRegion datagrams = OffHeapRegion.anonymous(FIRST_ROOM + (long) SEGMENTS * STRIDE);
    private final OffHeapRegion firstHeaders = OffHeapRegion.anonymous(VxlanFlyweight.LENGTH + HEADERS);
    private final FrameBatch batch = FrameBatch.withoutSlots();
    private final VtepTable vteps = new VtepTable();
    private CounterRegistry counters;
    private Decapsulator decapsulator;
    private Port underlay;
    private int frames;

    /** Writes the super-frame, and the segments that become one. */
    @Setup(Level.Trial)
    public void setUp() {
        final long frame = superFrame.address() + FRONT;
        writeFrame(frame, SUPER_FRAME_LENGTH, 1);
        final VirtioNetHeaderFlyweight virtio = new VirtioNetHeaderFlyweight().wrapBefore(frame);
        virtio.clear();
        virtio.flags(VirtioNetHeaderFlyweight.NEEDS_CHECKSUM);
        virtio.gsoType(VirtioNetHeaderFlyweight.GSO_TCPV4);
        virtio.headerLength(HEADERS);
        virtio.gsoSize(MSS);
        virtio.checksumStart(EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH);
        virtio.checksumOffset(TcpFlyweight.CHECKSUM_FIELD_OFFSET);
        segmenter.begin(frame, SUPER_FRAME_LENGTH);
        for (int i = 0; i < SEGMENTS; i++) {
            NetworkOrder.i64(datagram(i), VxlanFlyweight.header(VNI));
            Datagram.clear(datagram(i));
            Datagram.peer(datagram(i), IpAddress.IPV4_HIGH, IpAddress.ipv4Low(PEER));
            Datagram.roomBytes(datagram(i), i == 0 ? FIRST_ROOM - FRONT : STRIDE - FRONT);
            segmenter.next(datagram(i) + VxlanFlyweight.LENGTH);
        }
        UnsafeApi.copyMemory(datagram(0), firstHeaders.address(), VxlanFlyweight.LENGTH + HEADERS);
        addPorts();
    }

    private void addPorts() {
        final PortIdentity nobody = new PortIdentity(0, 0, 0, 0);
        counters = new CounterRegistry(OffHeapRegion.anonymous(CounterRegistry.regionBytes(256)), 256);
        final BridgeDomain domain = new BridgeDomain(1, nobody, new DomainPolicy(false, true, true, VNI, true),
            new CounterGroup<>(counters.values(), counters.allocate(NetworkCounter.class, 3, "network")));
        vteps.add(domain);
        vteps.addVtep(new Port(1, domain, new Vtep(null, 1, VNI, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(PEER)), 1450,
            PortKind.VTEP, false, nobody, new CounterGroup<>(counters.values(),
            counters.allocate(PortCounter.class, 4, "vtep"))));
        underlay = new Port(2, domain, null, 65_535, PortKind.UNDERLAY, false, nobody,
            new CounterGroup<>(counters.values(), counters.allocate(PortCounter.class, 4, "underlay")));
        decapsulator = new Decapsulator(vteps,
            new CounterGroup<>(counters.values(), counters.allocate(DropReason.class, 2, "drop")),
            (merged, ingress) -> frames = merged.size());
    }

    private static void writeFrame(final long frame, final int length, final int sequence) {
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(frame, length);
        ethernet.source(0x0242_0A00_0003L);
        ethernet.destination(0x0242_0A00_0002L);
        ethernet.etherType(EtherType.IPV4);
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(frame + EthernetFlyweight.LENGTH, length);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        ipv4.totalLength(length - EthernetFlyweight.LENGTH);
        ipv4.ttl(64);
        ipv4.protocol(IpProtocol.TCP);
        ipv4.source(0x0A00_0003);
        ipv4.destination(0x0A00_0002);
        ipv4.updateChecksum();
        final long tcp = frame + EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH;
        NetworkOrder.i32(tcp, 5001 << 16 | 80);
        NetworkOrder.i32(tcp + TcpFlyweight.SEQUENCE_FIELD_OFFSET, sequence);
        UnsafeApi.putByte(tcp + TcpFlyweight.DATA_OFFSET_FIELD_OFFSET, (byte) 0x50);
        UnsafeApi.putByte(tcp + TcpFlyweight.FLAGS_FIELD_OFFSET, (byte) TcpFlyweight.ACK);
        for (int i = HEADERS; i < length; i++) {
            UnsafeApi.putByte(frame + i, (byte) (i * 31));
        }
    }

    private long datagram(final int i) {
        return datagrams.address() + (i == 0 ? FRONT : FIRST_ROOM + (long) i * STRIDE - STRIDE + FRONT);
    }

    /** Cuts 64 KiB. */
    @Benchmark
    public int cut() {
        segmenter.begin(superFrame.address() + FRONT, SUPER_FRAME_LENGTH);
        long at = target.address();
        while (segmenter.hasNext()) {
            final int bytes = segmenter.nextBytes();
            segmenter.next(at);
            at += bytes;
        }
        return (int) (at - target.address());
    }

    /** Merges 45 datagrams. The first one's headers, which were written over, come anew before. */
    @Benchmark
    public int merge() {
        UnsafeApi.copyMemory(firstHeaders.address(), datagram(0), VxlanFlyweight.LENGTH + HEADERS);
        batch.begin(0);
        for (int i = 0; i < SEGMENTS; i++) {
            batch.append(datagram(i), VxlanFlyweight.LENGTH + HEADERS + MSS);
        }
        decapsulator.process(batch, underlay);
        return frames;
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        if (frames > 1) {
            throw new IllegalStateException("merged into " + frames + " frames");
        }
        decapsulator.close();
        batch.close();
        superFrame.close();
        target.close();
        datagrams.close();
        firstHeaders.close();
        counters.close();
    }
}
