package org.sluice.datapath.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.bridge.DomainPolicy;
import org.sluice.datapath.bridge.PortIdentity;
import org.sluice.datapath.bridge.PortKind;
import org.sluice.datapath.conntrack.ConntrackFilter;
import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.route.PolicyRule;
import org.sluice.datapath.route.Route;
import org.sluice.datapath.route.RouteKey;
import org.sluice.datapath.route.RouteType;
import org.sluice.datapath.route.SourceAddress;
import org.sluice.datapath.trace.PacketFilter;
import org.sluice.datapath.trace.ProbeKind;

class CommandCodecTest {
    private static final PortIdentity IDENTITY =
        new PortIdentity(0x0242_0A00_0001L, 0x0A00_0001, 0xFD00_0000_0000_0000L, 0x8000_0000_0000_0001L);
    private static final int[] COUNTERS = {3, 1, 4, 1, 5, 9, 2};
    private static final ConntrackFilter FILTER = new ConntrackFilter(4, 6, 3, 2, 1000, 80, 65_535,
        new ConntrackFilter.Prefix(1, 2, 3), new ConntrackFilter.Prefix(4, -5, 6),
        new ConntrackFilter.Prefix(-7, 8, 9), new ConntrackFilter.Prefix(10, 11, 128));
    private static final RouteKey KEY = new RouteKey(100, -3, 4, 96, 8, new ConntrackFilter.Prefix(5, 6, 7));
    private static final PolicyRule RULE = new PolicyRule(false, new PolicyRule.Match(true, false,
        new ConntrackFilter.Prefix(1, 2, 3), new ConntrackFilter.Prefix(4, 5, 6), 7, 8, 9, 10, 11, 12,
        new PolicyRule.Ports(13, 14, 15), new PolicyRule.Ports(16, 17, 18)), PolicyRule.Action.GOTO, 19, 20, 21);

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[CommandCodec.MAX_LENGTH + 16]);
    private final List<Command> received = new ArrayList<>();
    private final Object recorder = Proxy.newProxyInstance(getClass().getClassLoader(),
        new Class<?>[] {Layer2CommandHandler.class, Layer3CommandHandler.class}, (proxy, method, arguments) -> {
            received.add((Command) arguments[0]);
            return CommandResult.OK;
        });

    @Test
    void shouldCarryEveryCommand() {
        final Route.Hop[] hops = new Route.Hop[Command.PutRoute.MAX_HOPS];
        Arrays.setAll(hops, i -> new Route.Hop(i, i * 3L, -i, i << 20, ~i, 3));
        final PortMap map = new PortMap(17, false, 1, -2, 1000, 60_000, 5, 6, 1);
        final List<Command> commands = List.of(
            new Command.AddDomain(5, IDENTITY, new DomainPolicy(true, false, true), COUNTERS),
            new Command.RemoveDomain(4095),
            new Command.AddPort(7, 5, 9000, PortKind.UPLINK, true, IDENTITY, COUNTERS),
            new Command.RemovePort(17, true),
            new Command.FlushFdb(0),
            new Command.PutRoute(new Route(KEY, RouteType.PROHIBIT, 1400, 7, 8, hops)),
            new Command.RemoveRoute(KEY),
            new Command.AddRule(RULE),
            new Command.InstallRules(true, 3),
            new Command.AddSource(new SourceAddress(1, 2, 3, 4, 5, true)),
            new Command.InstallSources(1, true, 2),
            new Command.SetLocalAddress(7, -8, 120, true),
            new Command.SetTunnelPort(4789),
            new Command.ClaimTuples(0x7F00_1234_5000L, 16, -7),
            new Command.PutNeighbour(3, 1, 2, 0x0242_0A00_0001L),
            new Command.AddPortMap(map),
            new Command.RemovePortMap(map),
            new Command.FlushConntrack(FILTER, 16_384, true),
            new Command.Observe(ProbeKind.CAPTURE, true,
                new PacketFilter(1, 2, 3, new ConntrackFilter.Prefix(4, 5, 6), 7), 8),
            new Command.AddVtep(5, 6, 1450, -7, 8, new int[] {1, 2, 3}),
            new Command.SetPortMtu(5, 1400),
            new Command.SetUplink(5, 9000, 0x0200_0000_00AAL),
            new Command.SetVtepRoute(5, 6, -1, 7),
            new Command.PutRemote(6, Command.PutRemote.GONE, new PortIdentity(1, 2, 3, 4)));
        final Set<Object> types = new HashSet<>();
        for (final Command command : commands) {
            types.add(command.getClass());
            assertSameAfterRoundTrip(command);
        }
        assertEquals(Set.of(Command.class.getPermittedSubclasses()), types, "a command is not tested");
    }

    @Test
    void shouldRefuseAnUnknownType() {
        assertThrows(IllegalArgumentException.class, () -> dispatch(99, 0));
    }

    /** Records with arrays are not equal to their likes, but their encodings are. */
    private void assertSameAfterRoundTrip(final Command command) {
        final byte[] bytes = encode(command);
        buffer.putBytes(8, bytes);
        assertEquals(42, CommandCodec.correlationId(buffer, 8));
        received.clear();
        assertEquals(CommandResult.OK, dispatch(CommandCodec.typeOf(command), 8));
        assertEquals(command.getClass(), received.getFirst().getClass());
        assertArrayEquals(bytes, encode(received.getFirst()), command.toString());
    }

    private CommandResult dispatch(final int type, final int offset) {
        return CommandCodec.dispatch(type, buffer, offset, (Layer2CommandHandler) recorder,
            (Layer3CommandHandler) recorder);
    }

    private static byte[] encode(final Command command) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[CommandCodec.MAX_LENGTH]);
        final int length = CommandCodec.encode(command, 42, message);
        assertTrue(length <= CommandCodec.MAX_LENGTH);
        return Arrays.copyOf(message.byteArray(), length);
    }
}
