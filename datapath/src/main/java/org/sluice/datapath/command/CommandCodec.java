package org.sluice.datapath.command;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;

/**
 * The form of a command in the ring: its correlation id, then its fields in the order of its record, each 4 or 8 bytes.
 * An identity is MAC, IPv4, IPv6; a list is its length and its elements; a boolean is 0 or 1. The byte order is native,
 * because both sides are one process.
 */
public final class CommandCodec {
    /** Longer than any message. */
    public static final int MAX_LENGTH = 1024;

    private static final int ADD_DOMAIN = 1;
    private static final int REMOVE_DOMAIN = 2;
    private static final int ADD_PORT = 3;
    private static final int REMOVE_PORT = 4;
    private static final int FLUSH_FDB = 5;
    private static final int PUT_ROUTE = 6;
    private static final int REMOVE_ROUTE = 7;
    private static final int SET_LOCAL_ADDRESS = 8;
    private static final int PUT_NEIGHBOUR = 9;
    private static final int ADD_PORT_MAP = 10;
    private static final int REMOVE_PORT_MAP = 11;
    private static final int FLUSH_CONNTRACK = 12;
    private static final int OBSERVE = 13;
    private static final int ADD_VTEP = 14;
    private static final int SET_PORT_MTU = 15;
    private static final int PUT_REMOTE = 16;
    private static final int SET_VTEP_ROUTE = 17;
    private static final int ADD_RULE = 18;
    private static final int INSTALL_RULES = 19;
    private static final int ADD_SOURCE = 20;
    private static final int INSTALL_SOURCES = 21;
    private static final int SET_UPLINK = 22;
    private static final int SET_TUNNEL_PORT = 23;
    private static final int CLAIM_TUPLES = 24;
    private static final PortKind[] KINDS = PortKind.values();
    private static final ProbeKind[] PROBES = ProbeKind.values();

    private CommandCodec() {
    }

    /** The message type in the ring. */
    public static int typeOf(final Command command) {
        return switch (command) {
            case Command.AddDomain ignored -> ADD_DOMAIN;
            case Command.RemoveDomain ignored -> REMOVE_DOMAIN;
            case Command.AddPort ignored -> ADD_PORT;
            case Command.RemovePort ignored -> REMOVE_PORT;
            case Command.FlushFdb ignored -> FLUSH_FDB;
            case Command.PutRoute ignored -> PUT_ROUTE;
            case Command.RemoveRoute ignored -> REMOVE_ROUTE;
            case Command.SetLocalAddress ignored -> SET_LOCAL_ADDRESS;
            case Command.PutNeighbour ignored -> PUT_NEIGHBOUR;
            case Command.AddPortMap ignored -> ADD_PORT_MAP;
            case Command.RemovePortMap ignored -> REMOVE_PORT_MAP;
            case Command.FlushConntrack ignored -> FLUSH_CONNTRACK;
            case Command.Observe ignored -> OBSERVE;
            case Command.AddVtep ignored -> ADD_VTEP;
            case Command.SetPortMtu ignored -> SET_PORT_MTU;
            case Command.SetUplink ignored -> SET_UPLINK;
            case Command.PutRemote ignored -> PUT_REMOTE;
            case Command.SetVtepRoute ignored -> SET_VTEP_ROUTE;
            case Command.AddRule ignored -> ADD_RULE;
            case Command.InstallRules ignored -> INSTALL_RULES;
            case Command.AddSource ignored -> ADD_SOURCE;
            case Command.InstallSources ignored -> INSTALL_SOURCES;
            case Command.SetTunnelPort ignored -> SET_TUNNEL_PORT;
            case Command.ClaimTuples ignored -> CLAIM_TUPLES;
        };
    }

    /**
     * Writes a command.
     *
     * @return its length in bytes.
     */
    public static int encode(final Command command, final long correlationId, final MutableDirectBuffer buffer) {
        final FieldWriter out = new FieldWriter(buffer).put(correlationId);
        switch (command) {
            case Command.AddDomain c ->
                putPolicy(putIdentity(out.put(c.domainId()), c.gateway()), c.policy()).put(c.counterIds());
            case Command.RemoveDomain c -> out.put(c.domainId());
            case Command.AddPort c -> putIdentity(out.put(c.portIndex()).put(c.domainId()).put(c.mtu())
                .put(c.kind().ordinal()).put(c.guarded()), c.identity()).put(c.counterIds());
            case Command.RemovePort c -> out.put(c.portIndex()).put(c.keepConnections());
            case Command.FlushFdb c -> out.put(c.domainId());
            case Command.PutRoute c -> RouteCodec.put(out, c.route());
            case Command.RemoveRoute c -> RouteCodec.put(out, c.key());
            case Command.AddRule c -> RouteCodec.put(out, c.rule());
            case Command.InstallRules c -> out.put(c.ipv4()).put(c.count());
            case Command.AddSource c -> RouteCodec.put(out, c.source());
            case Command.InstallSources c -> out.put(c.portIndex()).put(c.ipv4()).put(c.count());
            case Command.SetLocalAddress c -> out.put(c.high()).put(c.low()).put(c.length()).put(c.present());
            case Command.PutNeighbour c -> out.put(c.portIndex()).put(c.high()).put(c.low()).put(c.mac());
            case Command.AddPortMap c -> putPortMap(out, c.map());
            case Command.RemovePortMap c -> putPortMap(out, c.map());
            case Command.Observe c -> putFilter(out.put(c.kind().ordinal()).put(c.on()), c.filter()).put(c.snapBytes());
            case Command.AddVtep c -> out.put(c.portIndex()).put(c.domainId()).put(c.mtu()).put(c.high()).put(c.low())
                .put(c.counterIds());
            case Command.SetTunnelPort c -> out.put(c.udpPort());
            case Command.ClaimTuples c -> out.put(c.memory()).put(c.bucketBits()).put(c.seed());
            case Command.SetPortMtu c -> out.put(c.portIndex()).put(c.mtu());
            case Command.SetUplink c -> out.put(c.portIndex()).put(c.mtu()).put(c.mac());
            case Command.SetVtepRoute c ->
                out.put(c.portIndex()).put(c.linkIndex()).put(c.sourceHigh()).put(c.sourceLow());
            case Command.PutRemote c -> putIdentity(out.put(c.domainId()).put(c.portIndex()), c.identity());
            case Command.FlushConntrack c -> putFilter(out, c.filter()).put(c.first()).put(c.unpublished());
        }
        return out.length();
    }

    public static long correlationId(final DirectBuffer buffer, final int offset) {
        return buffer.getLong(offset);
    }

    /**
     * Reads a command and calls the method for it.
     *
     * @throws IllegalArgumentException for an unknown type.
     */
    public static CommandResult dispatch(final int type, final DirectBuffer buffer, final int offset,
                                         final Layer2CommandHandler layer2, final Layer3CommandHandler layer3) {
        // Java evaluates arguments from left to right, so the fields are read in the order in which they were written.
        final FieldReader in = new FieldReader(buffer, offset + Long.BYTES);
        return switch (type) {
            case ADD_DOMAIN ->
                layer2.onAddDomain(new Command.AddDomain(in.i32(), identity(in), policy(in), in.ints()));
            case REMOVE_DOMAIN -> layer2.onRemoveDomain(new Command.RemoveDomain(in.i32()));
            case ADD_PORT -> layer2.onAddPort(new Command.AddPort(in.i32(), in.i32(), in.i32(), KINDS[in.i32()],
                in.bool(), identity(in), in.ints()));
            case REMOVE_PORT -> layer2.onRemovePort(new Command.RemovePort(in.i32(), in.bool()));
            case FLUSH_FDB -> layer2.onFlushFdb(new Command.FlushFdb(in.i32()));
            case PUT_ROUTE -> layer3.onPutRoute(new Command.PutRoute(RouteCodec.route(in)));
            case REMOVE_ROUTE -> layer3.onRemoveRoute(new Command.RemoveRoute(RouteCodec.key(in)));
            case ADD_RULE -> layer3.onAddRule(new Command.AddRule(RouteCodec.rule(in)));
            case INSTALL_RULES -> layer3.onInstallRules(new Command.InstallRules(in.bool(), in.i32()));
            case ADD_SOURCE -> layer3.onAddSource(new Command.AddSource(RouteCodec.source(in)));
            case INSTALL_SOURCES ->
                layer3.onInstallSources(new Command.InstallSources(in.i32(), in.bool(), in.i32()));
            case SET_LOCAL_ADDRESS ->
                layer3.onSetLocalAddress(new Command.SetLocalAddress(in.i64(), in.i64(), in.i32(), in.bool()));
            case SET_TUNNEL_PORT -> layer3.onSetTunnelPort(new Command.SetTunnelPort(in.i32()));
            case CLAIM_TUPLES -> layer3.onClaimTuples(new Command.ClaimTuples(in.i64(), in.i32(), in.i64()));
            case PUT_NEIGHBOUR ->
                layer3.onPutNeighbour(new Command.PutNeighbour(in.i32(), in.i64(), in.i64(), in.i64()));
            case ADD_PORT_MAP -> layer3.onAddPortMap(new Command.AddPortMap(portMap(in)));
            case REMOVE_PORT_MAP -> layer3.onRemovePortMap(new Command.RemovePortMap(portMap(in)));
            case FLUSH_CONNTRACK ->
                layer3.onFlushConntrack(new Command.FlushConntrack(filter(in), in.i32(), in.bool()));
            case OBSERVE -> layer2.onObserve(
                new Command.Observe(PROBES[in.i32()], in.bool(), packetFilter(in), in.i32()));
            case ADD_VTEP -> layer2.onAddVtep(
                new Command.AddVtep(in.i32(), in.i32(), in.i32(), in.i64(), in.i64(), in.ints()));
            case SET_PORT_MTU -> layer2.onSetPortMtu(new Command.SetPortMtu(in.i32(), in.i32()));
            case SET_UPLINK -> layer2.onSetUplink(new Command.SetUplink(in.i32(), in.i32(), in.i64()));
            case SET_VTEP_ROUTE -> layer2.onSetVtepRoute(
                new Command.SetVtepRoute(in.i32(), in.i32(), in.i64(), in.i64()));
            case PUT_REMOTE -> layer2.onPutRemote(new Command.PutRemote(in.i32(), in.i32(), identity(in)));
            default -> throw new IllegalArgumentException("unknown command type " + type);
        };
    }

    private static FieldWriter putIdentity(final FieldWriter out, final PortIdentity identity) {
        return out.put(identity.mac()).put(identity.ipv4()).put(identity.ipv6High()).put(identity.ipv6Low());
    }

    private static PortIdentity identity(final FieldReader in) {
        return new PortIdentity(in.i64(), in.i32(), in.i64(), in.i64());
    }

    private static FieldWriter putPolicy(final FieldWriter out, final DomainPolicy policy) {
        return out.put(policy.internal()).put(policy.icc()).put(policy.masquerade()).put(policy.vni())
            .put(policy.vtepLearning());
    }

    private static DomainPolicy policy(final FieldReader in) {
        return new DomainPolicy(in.bool(), in.bool(), in.bool(), in.i32(), in.bool());
    }

    private static void putPortMap(final FieldWriter out, final PortMap map) {
        out.put(map.protocol()).put(map.ipv4()).put(map.hostHigh()).put(map.hostLow()).put(map.hostFirst())
            .put(map.hostLast()).put(map.endpointHigh()).put(map.endpointLow())
            .put(map.endpointFirst());
    }

    private static PortMap portMap(final FieldReader in) {
        return new PortMap(in.i32(), in.bool(), in.i64(), in.i64(), in.i32(), in.i32(), in.i64(), in.i64(), in.i32());
    }

    private static FieldWriter putFilter(final FieldWriter out, final ConntrackFilter filter) {
        out.put(filter.family()).put(filter.protocol()).put(filter.tcpState()).put(filter.status())
            .put(filter.sourcePort()).put(filter.destinationFirst()).put(filter.destinationLast());
        for (final ConntrackFilter.Prefix prefix : filter.prefixes()) {
            putPrefix(out, prefix);
        }
        return out;
    }

    private static FieldWriter putFilter(final FieldWriter out, final PacketFilter filter) {
        return putPrefix(out.put(filter.portIndex()).put(filter.domainId()).put(filter.protocol()), filter.host())
            .put(filter.port());
    }

    private static PacketFilter packetFilter(final FieldReader in) {
        return new PacketFilter(in.i32(), in.i32(), in.i32(), prefix(in), in.i32());
    }

    static FieldWriter putPrefix(final FieldWriter out, final ConntrackFilter.Prefix prefix) {
        return out.put(prefix.high()).put(prefix.low()).put(prefix.length());
    }

    private static ConntrackFilter filter(final FieldReader in) {
        return new ConntrackFilter(in.i32(), in.i32(), in.i32(), in.i32(), in.i32(), in.i32(), in.i32(),
            prefix(in), prefix(in), prefix(in), prefix(in));
    }

    static ConntrackFilter.Prefix prefix(final FieldReader in) {
        return new ConntrackFilter.Prefix(in.i64(), in.i64(), in.i32());
    }
}
