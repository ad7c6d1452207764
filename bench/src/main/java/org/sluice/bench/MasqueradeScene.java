package org.sluice.bench;

import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.protocol.EtherType;
import org.sluice.datapath.protocol.EthernetFlyweight;
import org.sluice.datapath.protocol.InternetChecksum;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;
import org.sluice.datapath.protocol.Ipv4Flyweight;
import org.sluice.datapath.protocol.NetworkOrder;
import org.sluice.datapath.protocol.TcpFlyweight;
import org.sluice.datapath.protocol.UdpFlyweight;
import org.sluice.datapath.route.Route;

/**
 * An endpoint, an uplink and a router behind it, in memory. Templates hold the endpoint's packets of many flows, and
 * the world's answers to them; the devices copy them into the batch, as a TAP would. The flows' source ports are in the
 * switch's own range, so the switch keeps them. Used by one thread.
 */
final class MasqueradeScene implements AutoCloseable {
    static final int BURST = 32;

    private static final int ENDPOINT = 0;
    private static final int UPLINK = 1;
    private static final int FRAME_LENGTH = 64;
    private static final int L4_OFFSET = EthernetFlyweight.LENGTH + Ipv4Flyweight.MIN_LENGTH;
    private static final long MAC_ENDPOINT = 0x0242_0A00_0002L;
    private static final long MAC_GATEWAY = 0x0242_0A00_0001L;
    private static final long MAC_NIC = 0x0200_0000_00AAL;
    private static final long MAC_ROUTER = 0x0200_0000_00BBL;
    private static final int IP_ENDPOINT = 0x0A00_0002;
    private static final int IP_HOST = 0xC000_020A;
    private static final int IP_ROUTER = 0xC000_0201;
    private static final int FIRST_SERVER = 0xC633_0000;
    private static final int OTHER_SERVER = 0xCB00_0000;
    private static final int FIRST_PORT = 50_000;
    private static final int FLOWS_TO_A_SERVER = 1024;

    private final BenchSwitch host;
    private final TurnPoller poller = new TurnPoller(ENDPOINT, UPLINK);
    private final TemplateDevice endpoint;
    private final TemplateDevice uplink;
    private final int capacity;
    private final int flows;
    private final boolean tcp;

    MasqueradeScene(final int flows, final boolean tcp) throws Exception {
        this.flows = flows;
        this.tcp = tcp;
        poller.none();
        capacity = Math.max(ConntrackConfig.DEFAULT_CAPACITY, flows + flows / 4);
        host = new BenchSwitch(poller, 1024,
            new ConntrackConfig(capacity, capacity, true, true, ConntrackConfig.defaultTimeouts()));
        host.claimAnswers();
        endpoint = new TemplateDevice(Math.max(BURST, flows), FRAME_LENGTH, BURST);
        uplink = new TemplateDevice(endpoint.frames(), FRAME_LENGTH, BURST);
        host.addDomain(1, new PortIdentity(MAC_GATEWAY, 0x0A00_0001, 0, 0));
        host.addDomain(2, new PortIdentity(MAC_NIC, 0, 0, 0));
        host.addPort(ENDPOINT, 1, PortKind.ENDPOINT, true, new PortIdentity(MAC_ENDPOINT, IP_ENDPOINT, 0, 0),
            endpoint);
        host.addPort(UPLINK, 2, PortKind.UPLINK, false, new PortIdentity(MAC_NIC, 0, 0, 0), uplink);
        host.execute(new Command.SetLocalAddress(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(IP_HOST), true));
        host.execute(new Command.PutRoute(new Route(IpAddress.IPV4_HIGH, IpAddress.ipv4Low(0),
            Route.IPV4_LENGTH_OFFSET, new Route.Hop[] {new Route.Hop(UPLINK, IpAddress.IPV4_HIGH,
                IpAddress.ipv4Low(IP_ROUTER), IpAddress.IPV4_HIGH, IpAddress.ipv4Low(IP_HOST))})));
        for (int i = 0; i < endpoint.frames(); i++) {
            writePacket(endpoint.template(i), i % flows, FIRST_SERVER);
            writeAnswer(uplink.template(i), i % flows);
        }
    }

    BenchSwitch host() {
        return host;
    }

    /**
     * Sends the first packets of all flows, and their answers. The first one also resolves the router's MAC address.
     */
    void openAll() throws Exception {
        if (tcp) {
            setTcpFlags(endpoint, TcpFlyweight.SYN, 0, 0);
            setTcpFlags(uplink, TcpFlyweight.SYN | TcpFlyweight.ACK, 0, 1);
        }
        findRouter();
        for (int sent = 0; sent < endpoint.frames(); sent += BURST) {
            host.worker().doWork();
            host.worker().doWork();
        }
        if (tcp) {
            setTcpFlags(endpoint, TcpFlyweight.ACK, 1, 1);
            setTcpFlags(uplink, TcpFlyweight.ACK, 1, 1);
        }
    }

    /** Opens this many other connections, to other servers. {@link #forget()} forgets none of them. */
    void establishOthers(final int count) throws Exception {
        findRouter();
        for (int i = 0; i < count; i += BURST) {
            for (int k = 0; k < BURST; k++) {
                writePacket(endpoint.template(k), i + k, OTHER_SERVER);
            }
            endpoint.rewind();
            sendBurstOut();
        }
        for (int k = 0; k < BURST; k++) {
            writePacket(endpoint.template(k), k, FIRST_SERVER);
        }
        endpoint.rewind();
    }

    /** Ends the connections of the templates' flows. */
    void forget() throws Exception {
        final ConntrackFilter.Prefix servers = new ConntrackFilter.Prefix(IpAddress.IPV4_HIGH,
            IpAddress.ipv4Low(FIRST_SERVER), Route.IPV4_LENGTH_OFFSET + 8);
        poller.none();
        final ConntrackFilter filter = new ConntrackFilter(0, -1, -1, 0, -1, -1, -1, ConntrackFilter.Prefix.ANY,
            servers, ConntrackFilter.Prefix.ANY, ConntrackFilter.Prefix.ANY);
        for (int first = 0; first < capacity; first += Command.FlushConntrack.MAX_CONNECTIONS) {
            host.execute(new Command.FlushConntrack(filter, first, false));
        }
        endpoint.rewind();
    }

    /** One duty cycle with a burst from the endpoint. */
    int sendBurstOut() {
        poller.only(ENDPOINT);
        return host.worker().doWork();
    }

    private void findRouter() throws Exception {
        sendBurstOut();
        poller.none();
        host.execute(new Command.PutNeighbour(UPLINK, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(IP_ROUTER), MAC_ROUTER));
        endpoint.rewind();
        uplink.rewind();
        poller.inTurn();
        host.ignoreDropsSoFar();
    }

    private void setTcpFlags(final TemplateDevice device, final int flags, final int sequence, final int ack) {
        final TcpFlyweight header = new TcpFlyweight();
        for (int i = 0; i < device.frames(); i++) {
            header.wrap(device.template(i) + L4_OFFSET, FRAME_LENGTH).flags(flags);
            header.sequence(sequence);
            header.acknowledgement(ack);
            completeChecksums(device.template(i));
        }
    }

    private static int serverOf(final int flow, final int firstServer) {
        return firstServer + flow / FLOWS_TO_A_SERVER;
    }

    private void writePacket(final long frame, final int flow, final int firstServer) {
        write(frame, MAC_ENDPOINT, MAC_GATEWAY, IP_ENDPOINT, serverOf(flow, firstServer), portOf(flow) << 16 | 80);
    }

    private void writeAnswer(final long frame, final int flow) {
        write(frame, MAC_ROUTER, MAC_NIC, serverOf(flow, FIRST_SERVER), IP_HOST, 80 << 16 | portOf(flow));
    }

    private static int portOf(final int flow) {
        return FIRST_PORT + flow % FLOWS_TO_A_SERVER;
    }

    private void write(final long frame, final long sourceMac, final long destinationMac, final int source,
                       final int destination, final int ports) {
        final EthernetFlyweight ethernet = new EthernetFlyweight().wrap(frame, FRAME_LENGTH);
        ethernet.source(sourceMac);
        ethernet.destination(destinationMac);
        ethernet.etherType(EtherType.IPV4);
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(frame + EthernetFlyweight.LENGTH, FRAME_LENGTH);
        ipv4.versionAndHeaderLength(Ipv4Flyweight.MIN_LENGTH);
        ipv4.totalLength(FRAME_LENGTH - EthernetFlyweight.LENGTH);
        ipv4.ttl(64);
        ipv4.protocol(tcp ? IpProtocol.TCP : IpProtocol.UDP);
        ipv4.source(source);
        ipv4.destination(destination);
        final long l4 = frame + L4_OFFSET;
        NetworkOrder.i32(l4, ports);
        if (tcp) {
            final TcpFlyweight header = new TcpFlyweight().wrap(l4, FRAME_LENGTH);
            header.headerLength(TcpFlyweight.MIN_LENGTH);
            header.window(65_535);
        } else {
            new UdpFlyweight().wrap(l4, FRAME_LENGTH).datagramLength(FRAME_LENGTH - L4_OFFSET);
        }
        completeChecksums(frame);
    }

    private void completeChecksums(final long frame) {
        final Ipv4Flyweight ipv4 = new Ipv4Flyweight().wrap(frame + EthernetFlyweight.LENGTH, FRAME_LENGTH);
        ipv4.updateChecksum();
        final long l4 = frame + L4_OFFSET;
        final int field = tcp ? TcpFlyweight.CHECKSUM_FIELD_OFFSET : UdpFlyweight.CHECKSUM_FIELD_OFFSET;
        final int length = FRAME_LENGTH - L4_OFFSET;
        NetworkOrder.u16(l4 + field, 0);
        NetworkOrder.u16(l4 + field, InternetChecksum.finish(InternetChecksum.sum(l4, length)
            + InternetChecksum.pseudoHeader(ipv4.source(), ipv4.destination(), ipv4.protocol(), length)));
    }

    @Override
    public void close() {
        host.close();
        endpoint.close();
        uplink.close();
    }
}
