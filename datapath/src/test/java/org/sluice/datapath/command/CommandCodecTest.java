package org.sluice.datapath.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.bridge.PortIdentity;

class CommandCodecTest {
    private static final PortIdentity IDENTITY =
        new PortIdentity(0x0242_0A00_0002L, 0x0A00_0002, 0xFD00_0000_0000_0001L, -2);

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[CommandCodec.MAX_LENGTH + 16]);
    private final List<Command> received = new ArrayList<>();

    @Test
    void shouldCarryEveryCommand() {
        roundTrip(new Command.RemoveDomain(4095));
        roundTrip(new Command.RemovePort(17));
        roundTrip(new Command.FlushFdb(0));
        final Command.AddDomain domain =
            (Command.AddDomain) roundTrip(new Command.AddDomain(5, IDENTITY, new int[] {3, 1, 4, 1}));
        assertEquals(IDENTITY, domain.gateway());
        assertArrayEquals(new int[] {3, 1, 4, 1}, domain.counterIds());
        for (final boolean host : new boolean[] {true, false}) {
            for (final boolean guarded : new boolean[] {true, false}) {
                final Command.AddPort port = (Command.AddPort) roundTrip(
                    new Command.AddPort(7, 5, 9000, host, guarded, IDENTITY, new int[] {1, 2, 3, 4, 5, 6, 7}));
                assertEquals(7, port.portIndex());
                assertEquals(5, port.domainId());
                assertEquals(9000, port.mtu());
                assertEquals(host, port.host());
                assertEquals(guarded, port.guarded());
                assertEquals(IDENTITY, port.identity());
                assertArrayEquals(new int[] {1, 2, 3, 4, 5, 6, 7}, port.counterIds());
            }
        }
    }

    @Test
    void shouldRefuseAnUnknownType() {
        assertThrows(IllegalArgumentException.class, () -> CommandCodec.dispatch(99, buffer, 0, new Recorder()));
    }

    private Command roundTrip(final Command command) {
        final UnsafeBuffer message = new UnsafeBuffer(buffer, 8, CommandCodec.MAX_LENGTH);
        final int length = CommandCodec.encode(command, 42, message);
        assertTrue(length <= CommandCodec.MAX_LENGTH);
        assertEquals(42, CommandCodec.correlationId(buffer, 8));
        received.clear();
        assertEquals(CommandResult.OK,
            CommandCodec.dispatch(CommandCodec.typeOf(command), buffer, 8, new Recorder()));
        final Command decoded = received.getFirst();
        assertEquals(command.getClass(), decoded.getClass());
        if (!(command instanceof Command.AddDomain || command instanceof Command.AddPort)) {
            assertEquals(command, decoded);
        }
        return decoded;
    }

    private final class Recorder implements CommandHandler {
        @Override
        public CommandResult onAddDomain(final Command.AddDomain command) {
            return record(command);
        }

        @Override
        public CommandResult onRemoveDomain(final Command.RemoveDomain command) {
            return record(command);
        }

        @Override
        public CommandResult onAddPort(final Command.AddPort command) {
            return record(command);
        }

        @Override
        public CommandResult onRemovePort(final Command.RemovePort command) {
            return record(command);
        }

        @Override
        public CommandResult onFlushFdb(final Command.FlushFdb command) {
            return record(command);
        }

        private CommandResult record(final Command command) {
            received.add(command);
            return CommandResult.OK;
        }
    }
}
