package org.sluice.datapath.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.sluice.datapath.RoutedHost.A;
import static org.sluice.datapath.RoutedHost.A6;
import static org.sluice.datapath.RoutedHost.HOST;
import static org.sluice.datapath.RoutedHost.HOST6;
import static org.sluice.datapath.RoutedHost.MAC_ROUTER;
import static org.sluice.datapath.RoutedHost.PORT_A;
import static org.sluice.datapath.RoutedHost.PORT_UPLINK;
import static org.sluice.datapath.RoutedHost.WORLD;
import static org.sluice.datapath.RoutedHost.WORLD6;

import java.util.HexFormat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.Packets;
import org.sluice.datapath.RoutedHost;
import org.sluice.datapath.command.Command;
import org.sluice.datapath.command.CommandException;
import org.sluice.datapath.command.CommandResult;

/** The host gives an uplink's interface another MTU or MAC address while connections use it. */
class UplinkChangeTest {
    private static final long NEW_MAC = 0x0200_0000_00CCL;
    private static final byte[] PAYLOAD = {1, 2, 3};
    /** Too long for the new MTU, not for the old one. */
    private static final byte[] LONG = new byte[1300];

    private final RoutedHost host;

    UplinkChangeTest() throws CommandException {
        host = new RoutedHost();
    }

    @AfterEach
    void close() {
        host.close();
    }

    @Test
    void shouldSendWithTheNewMacOnConnectionsThatStay() throws CommandException {
        host.fromA(Packets.udp(A, 50_123, WORLD, 53, PAYLOAD));
        host.fromA(Packets.udp(A6, 50_124, WORLD6, 53, PAYLOAD));
        host.uplink().takeSent();

        host.fixture().execute(new Command.SetUplink(PORT_UPLINK, 1500, NEW_MAC));

        host.fromA(Packets.udp(A, 50_123, WORLD, 53, PAYLOAD));
        assertMacs(host.uplink().takeSent().getFirst());
        host.fromA(Packets.udp(A6, 50_124, WORLD6, 53, PAYLOAD));
        assertMacs(host.uplink().takeSent().getFirst());
        host.fromWire(Packets.udp(WORLD, 53, HOST, 50_123, PAYLOAD));
        assertArrayEquals(Packets.withTtl(Packets.udp(WORLD, 53, A, 50_123, PAYLOAD), 63), host.atA());
        host.fromWire(Packets.udp(WORLD6, 53, HOST6, 50_124, PAYLOAD));
        assertEquals(50_124, Packets.destinationPortOf(host.atA()));
    }

    @Test
    void shouldHoldEstablishedConnectionsToTheNewMtu() throws CommandException {
        host.fromA(Packets.udp(A, 50_123, WORLD, 53, LONG));
        assertEquals(1, host.uplink().takeSent().size());

        host.fixture().execute(new Command.SetUplink(PORT_UPLINK, 1280, RoutedHost.MAC_NIC));
        host.fromA(Packets.udp(A, 50_123, WORLD, 53, LONG));
        assertEquals(0, host.uplink().takeSent().size());
        assertEquals(1, host.a().takeSent().size(), "A is told that its packet is too long");

        host.fixture().execute(new Command.SetUplink(PORT_UPLINK, 1500, RoutedHost.MAC_NIC));
        host.fromA(Packets.udp(A, 50_123, WORLD, 53, LONG));
        assertEquals(1, host.uplink().takeSent().size());
    }

    @Test
    void shouldRefuseAPortThatIsNoUplink() {
        for (final int port : new int[] {PORT_A, 77, -1}) {
            assertEquals(CommandResult.PORT_UNKNOWN, assertThrows(CommandException.class,
                () -> host.fixture().execute(new Command.SetUplink(port, 1500, NEW_MAC))).result());
        }
    }

    private static void assertMacs(final byte[] frame) {
        assertEquals(String.format("%012x%012x", MAC_ROUTER, NEW_MAC), HexFormat.of().formatHex(frame, 0, 12));
    }
}
