package org.sluice.datapath;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import java.util.List;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.route.Route;

/**
 * A host with two networks and an uplink, in memory: endpoints A and B on network 1, C on network 2, each of both
 * families; a host port each; a router on the wire that the default routes go to, whose MAC address is known.
 */
public final class RoutedHost implements AutoCloseable {
    public static final String A = "10.0.0.2";
    public static final String B = "10.0.0.3";
    public static final String C = "10.1.0.2";
    public static final String A6 = "fd00:0:0:0:0:0:0:2";
    public static final String B6 = "fd00:0:0:0:0:0:0:3";
    public static final String GATEWAY = "10.0.0.1";
    public static final String HOST = "192.0.2.10";
    public static final String HOST6 = "2001:db8:0:0:0:0:0:10";
    public static final String ROUTER = "192.0.2.1";
    public static final String ROUTER6 = "2001:db8:0:0:0:0:0:1";
    public static final String WORLD = "198.51.100.7";
    public static final String WORLD6 = "2001:db8:ffff:0:0:0:0:7";

    public static final long MAC_A = 0x0242_0A00_0002L;
    public static final long MAC_B = 0x0242_0A00_0003L;
    public static final long MAC_C = 0x0242_0A01_0002L;
    public static final long MAC_GATEWAY = 0x0242_0A00_0001L;
    public static final long MAC_GATEWAY2 = 0x0242_0A01_0001L;
    public static final long MAC_NIC = 0x0200_0000_00AAL;
    public static final long MAC_ROUTER = 0x0200_0000_00BBL;

    public static final int PORT_A = 0;
    public static final int PORT_B = 1;
    public static final int PORT_C = 2;
    public static final int PORT_UPLINK = 10;

    private final SwitchFixture fixture;
    private final MemoryDevice a;
    private final MemoryDevice b;
    private final MemoryDevice c;
    private final MemoryDevice host;
    private final MemoryDevice uplink;

    public RoutedHost() throws CommandException {
        this(DomainPolicy.OPEN);
    }

    public RoutedHost(final DomainPolicy policy) throws CommandException {
        this(new SwitchFixture(), policy);
    }

    public RoutedHost(final SwitchFixture fixture, final DomainPolicy policy) throws CommandException {
        this.fixture = fixture;
        final PortIdentity gateway1 =
            new PortIdentity(MAC_GATEWAY, Packets.ipv4(GATEWAY), 0xFD00_0000_0000_0000L, 1);
        final PortIdentity gateway2 =
            new PortIdentity(MAC_GATEWAY2, Packets.ipv4("10.1.0.1"), 0xFD01_0000_0000_0000L, 1);
        final PortIdentity nic = new PortIdentity(MAC_NIC, 0, 0, 0);
        fixture.addDomain(1, gateway1, policy);
        fixture.addDomain(2, gateway2, DomainPolicy.OPEN);
        fixture.addDomain(3, nic, DomainPolicy.OPEN);
        a = fixture.addPort(PORT_A, 1, 1500, PortKind.ENDPOINT, true,
            new PortIdentity(MAC_A, Packets.ipv4(A), Packets.high(A6), Packets.low(A6)));
        b = fixture.addPort(PORT_B, 1, 1500, PortKind.ENDPOINT, true,
            new PortIdentity(MAC_B, Packets.ipv4(B), Packets.high(B6), Packets.low(B6)));
        c = fixture.addPort(PORT_C, 2, 1500, PortKind.ENDPOINT, true,
            new PortIdentity(MAC_C, Packets.ipv4(C), 0, 0));
        host = fixture.addPort(3, 1, 1500, PortKind.HOST, false, gateway1);
        uplink = fixture.addPort(PORT_UPLINK, 3, 1500, PortKind.UPLINK, false, nic);
        for (final String local : new String[] {HOST, HOST6, GATEWAY, "10.1.0.1"}) {
            fixture.execute(new Command.SetLocalAddress(Packets.high(local), Packets.low(local), true));
        }
        route("0.0.0.0", 0, ROUTER, HOST);
        route("192.0.2.0", 24, null, HOST);
        route("::", 0, ROUTER6, HOST6);
        fixture.execute(new Command.PutNeighbour(PORT_UPLINK, 0, 0, 0));
        neighbour(ROUTER, MAC_ROUTER);
        neighbour(ROUTER6, MAC_ROUTER);
    }

    /** @param via null for on-link. */
    public void route(final String prefix, final int length, final String via, final String source)
        throws CommandException {
        final boolean v4 = Packets.address(prefix).length == 4;
        fixture.execute(new Command.PutRoute(new Route(Packets.high(prefix), Packets.low(prefix),
            v4 ? length + Route.IPV4_LENGTH_OFFSET : length, new Route.Hop[] {
                new Route.Hop(PORT_UPLINK, via == null ? 0 : Packets.high(via), via == null ? 0 : Packets.low(via),
                    Packets.high(source), Packets.low(source))})));
    }

    /** Tells the worker of a neighbour that somebody must have asked for: a first packet is sent for it. */
    public void neighbour(final String address, final long mac) throws CommandException {
        final boolean v4 = Packets.address(address).length == 4;
        send(a, MAC_GATEWAY, MAC_A, Packets.udp(v4 ? A : A6, 1, v4 ? WORLD : WORLD6, 1, new byte[1]));
        fixture.execute(new Command.PutNeighbour(PORT_UPLINK, Packets.high(address), Packets.low(address), mac));
        uplink.takeSent();
    }

    /** Publishes host ports to the endpoint's same ports. */
    public void publish(final int protocol, final String hostAddress, final int first, final int last,
                        final String endpoint, final int endpointFirst) throws CommandException {
        fixture.execute(new Command.AddPortMap(portMap(protocol, hostAddress, first, last, endpoint,
            endpointFirst)));
    }

    public static PortMap portMap(final int protocol, final String hostAddress, final int first, final int last,
                                  final String endpoint, final int endpointFirst) {
        return new PortMap(protocol, Packets.address(endpoint).length == 4,
            hostAddress == null ? 0 : Packets.high(hostAddress), hostAddress == null ? 0 : Packets.low(hostAddress),
            first, last, Packets.high(endpoint), Packets.low(endpoint), endpointFirst);
    }

    /** A packet that the endpoint sends to its gateway. */
    public void fromA(final byte[] packet) {
        send(a, MAC_GATEWAY, MAC_A, packet);
    }

    public void fromB(final byte[] packet) {
        send(b, MAC_GATEWAY, MAC_B, packet);
    }

    public void fromC(final byte[] packet) {
        send(c, MAC_GATEWAY2, MAC_C, packet);
    }

    public void fromWire(final byte[] packet) {
        send(uplink, MAC_NIC, MAC_ROUTER, packet);
    }

    /** A packet that the host itself sends to A, or forwards. */
    public void fromHostToA(final byte[] packet) {
        send(host, MAC_A, MAC_GATEWAY, packet);
    }

    private void send(final MemoryDevice device, final long destination, final long source, final byte[] packet) {
        device.inject(Packets.frame(destination, source, packet));
        fixture.doWork();
    }

    /** The one packet that has come out at the endpoint; it must have come from its gateway. */
    public byte[] atA() {
        return one(a, MAC_A, MAC_GATEWAY);
    }

    public byte[] atB() {
        return one(b, MAC_B, MAC_GATEWAY);
    }

    /** The one packet that has left by the uplink, to the router. */
    public byte[] atWire() {
        return one(uplink, MAC_ROUTER, MAC_NIC);
    }

    /** The one packet that the host itself has got. */
    public byte[] atHost() {
        final List<byte[]> frames = host.takeSent();
        assertEquals(1, frames.size(), () -> "frames for the host; drops " + fixture.allDrops());
        return Packets.packetOf(frames.getFirst());
    }

    private byte[] one(final MemoryDevice device, final long destination, final long source) {
        final List<byte[]> frames = device.takeSent();
        assertEquals(1, frames.size(), () -> "frames at " + device.name() + "; drops " + fixture.allDrops());
        final byte[] frame = frames.getFirst();
        assertEquals(String.format("%012x%012x", destination, source),
            HexFormat.of().formatHex(frame, 0, 12), "MAC addresses");
        final byte[] packet = Packets.packetOf(frame);
        return packet;
    }

    /** Nothing has come out anywhere. */
    public void assertSilence() {
        for (final MemoryDevice device : new MemoryDevice[] {a, b, c, host, uplink}) {
            assertTrue(device.takeSent().isEmpty(), device.name());
        }
    }

    public MemoryDevice a() {
        return a;
    }

    public MemoryDevice b() {
        return b;
    }

    public MemoryDevice host() {
        return host;
    }

    public MemoryDevice uplink() {
        return uplink;
    }

    public SwitchFixture fixture() {
        return fixture;
    }

    @Override
    public void close() {
        fixture.close();
    }
}
