package org.sluice.datapath;

import java.util.List;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;

/**
 * A host with one overlay network, in memory: endpoints A and B, guarded, the network's host port, and two other hosts
 * with a VTEP each, one by IPv4 and one by IPv6. R is a container on the first of them, S one on the second; that they
 * are there nobody has told yet.
 */
public final class OverlayHost implements AutoCloseable {
    public static final int VNI = 0x4D2C1;
    public static final int DOMAIN = 1;
    public static final int UNDERLAY_DOMAIN = 9;
    public static final int PORT_A = 0;
    public static final int PORT_B = 1;
    public static final int PORT_HOST = 3;
    public static final int PORT_VTEP1 = 4;
    public static final int PORT_VTEP2 = 5;
    public static final int PORT_UNDERLAY = 6;
    public static final int MTU = 1450;
    public static final String VTEP1 = "192.0.2.21";
    public static final String VTEP2 = "2001:db8:0:0:0:0:0:22";
    public static final String GATEWAY = "10.0.0.1";
    public static final String A = "10.0.0.2";
    public static final String B = "10.0.0.3";
    public static final String R = "10.0.0.21";
    public static final String S = "10.0.0.22";
    public static final String A6 = "fd00:0:0:0:0:0:0:2";
    public static final String B6 = "fd00:0:0:0:0:0:0:3";
    public static final String R6 = "fd00:0:0:0:0:0:0:21";
    public static final String S6 = "fd00:0:0:0:0:0:0:22";
    public static final long MAC_GATEWAY = 0x0242_0A00_0001L;
    public static final long MAC_A = 0x0242_0A00_0002L;
    public static final long MAC_B = 0x0242_0A00_0003L;
    public static final long MAC_R = 0x0242_0A00_0021L;
    public static final long MAC_S = 0x0242_0A00_0022L;
    public static final PortIdentity IDENTITY_A = identity(MAC_A, A, A6);
    public static final PortIdentity IDENTITY_B = identity(MAC_B, B, B6);
    public static final PortIdentity IDENTITY_R = identity(MAC_R, R, R6);
    public static final PortIdentity IDENTITY_S = identity(MAC_S, S, S6);
    private static final PortIdentity IDENTITY_GATEWAY = identity(MAC_GATEWAY, GATEWAY, "fd00:0:0:0:0:0:0:1");

    private final SwitchFixture fixture = new SwitchFixture();
    private final MemoryDevice a;
    private final MemoryDevice b;
    private final MemoryDevice host;
    private final DatagramDevice underlay;

    /** Endpoints may talk to each other, and MACs are learned from the tunnels. */
    public OverlayHost() throws CommandException {
        this(true, true, 1500);
    }

    public OverlayHost(final boolean icc, final boolean learning, final int endpointMtu) throws CommandException {
        fixture.addDomain(DOMAIN, IDENTITY_GATEWAY, new DomainPolicy(false, icc, true, VNI, learning));
        a = fixture.addPort(PORT_A, DOMAIN, endpointMtu, PortKind.ENDPOINT, true, IDENTITY_A);
        b = fixture.addPort(PORT_B, DOMAIN, endpointMtu, PortKind.ENDPOINT, true, IDENTITY_B);
        host = fixture.addPort(PORT_HOST, DOMAIN, endpointMtu, PortKind.HOST, false, IDENTITY_GATEWAY);
        fixture.execute(new Command.SetLocalAddress(Packets.high(GATEWAY), Packets.low(GATEWAY), true));
        fixture.addVtep(PORT_VTEP1, DOMAIN, MTU, VTEP1);
        fixture.addVtep(PORT_VTEP2, DOMAIN, MTU, VTEP2);
        underlay = fixture.addUnderlay(PORT_UNDERLAY, UNDERLAY_DOMAIN);
    }

    public static PortIdentity identity(final long mac, final String ipv4, final String ipv6) {
        return new PortIdentity(mac, Packets.ipv4(ipv4), Packets.high(ipv6), Packets.low(ipv6));
    }

    /** An IP packet in a frame from one MAC to another. */
    public static byte[] frame(final long source, final long destination, final byte[] packet) {
        return Packets.frame(destination, source, packet);
    }

    /** A frame that comes through the tunnel from a host. */
    public void fromVtep(final String vtep, final byte[] frame) {
        underlay.inject(vtep, VNI, frame);
        fixture.doWork();
    }

    public void fromA(final byte[] frame) {
        a.inject(frame);
        fixture.doWork();
    }

    public void fromHost(final byte[] frame) {
        host.inject(frame);
        fixture.doWork();
    }

    /** The frames that have gone to a host since the last call. */
    public List<byte[]> atVtep(final String vtep) {
        return underlay.takeFrames(vtep, VNI);
    }

    /** Tells of somebody on another host. */
    public void putRemote(final int port, final PortIdentity identity) throws CommandException {
        fixture.execute(new Command.PutRemote(DOMAIN, port, identity));
    }

    /** What the switch answers to a command that it refuses. */
    public CommandResult refusal(final Command command) {
        try {
            fixture.execute(command);
            return CommandResult.OK;
        } catch (final CommandException ex) {
            return ex.result();
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

    public DatagramDevice underlay() {
        return underlay;
    }

    public SwitchFixture fixture() {
        return fixture;
    }

    @Override
    public void close() {
        fixture.close();
    }
}
