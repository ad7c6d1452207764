package org.sluice.datapath.command;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

import org.sluice.datapath.bridge.PortIdentity;

/**
 * How a command lies in the ring. Every message begins with its correlation id; native byte order, for both sides are
 * one process.
 * <pre>
 *   all            correlation id (8)
 *   ADD_DOMAIN     domain (4) pad (4) identity (32) counters
 *   REMOVE_DOMAIN  domain (4)
 *   ADD_PORT       port (4) domain (4) identity (32) mtu (4) flags (4) counters
 *   REMOVE_PORT    port (4)
 *   FLUSH_FDB      domain (4)
 *   identity       MAC (8) IPv6 high (8) IPv6 low (8) IPv4 (4) pad (4)
 *   counters       count (4) ids (4 each)
 * </pre>
 */
public final class CommandCodec {
    /** Longer than any message. */
    public static final int MAX_LENGTH = 256;

    static final int ADD_DOMAIN = 1;
    static final int REMOVE_DOMAIN = 2;
    static final int ADD_PORT = 3;
    static final int REMOVE_PORT = 4;
    static final int FLUSH_FDB = 5;

    private static final int BODY_OFFSET = 8;
    private static final int IDENTITY_OFFSET = 16;
    private static final int DOMAIN_COUNTERS_OFFSET = 48;
    private static final int MTU_OFFSET = 48;
    private static final int FLAGS_OFFSET = 52;
    private static final int PORT_COUNTERS_OFFSET = 56;
    private static final int HOST_FLAG = 1;
    private static final int GUARDED_FLAG = 2;

    private CommandCodec() {
    }

    /** The ring's message type. */
    public static int typeOf(final Command command) {
        return switch (command) {
            case Command.AddDomain ignored -> ADD_DOMAIN;
            case Command.RemoveDomain ignored -> REMOVE_DOMAIN;
            case Command.AddPort ignored -> ADD_PORT;
            case Command.RemovePort ignored -> REMOVE_PORT;
            case Command.FlushFdb ignored -> FLUSH_FDB;
        };
    }

    /**
     * Writes a command.
     *
     * @return its length in bytes.
     */
    public static int encode(final Command command, final long correlationId, final MutableDirectBuffer buffer) {
        buffer.putLong(0, correlationId);
        return switch (command) {
            case Command.AddDomain add -> {
                buffer.putInt(BODY_OFFSET, add.domainId());
                putIdentity(buffer, add.gateway());
                yield putCounters(buffer, DOMAIN_COUNTERS_OFFSET, add.counterIds());
            }
            case Command.RemoveDomain remove -> putNumber(buffer, remove.domainId());
            case Command.AddPort add -> {
                buffer.putInt(BODY_OFFSET, add.portIndex());
                buffer.putInt(BODY_OFFSET + Integer.BYTES, add.domainId());
                putIdentity(buffer, add.identity());
                buffer.putInt(MTU_OFFSET, add.mtu());
                buffer.putInt(FLAGS_OFFSET, (add.host() ? HOST_FLAG : 0) | (add.guarded() ? GUARDED_FLAG : 0));
                yield putCounters(buffer, PORT_COUNTERS_OFFSET, add.counterIds());
            }
            case Command.RemovePort remove -> putNumber(buffer, remove.portIndex());
            case Command.FlushFdb flush -> putNumber(buffer, flush.domainId());
        };
    }

    public static long correlationId(final DirectBuffer buffer, final int offset) {
        return buffer.getLong(offset);
    }

    /**
     * Reads a command and calls the handler's method for it.
     *
     * @throws IllegalArgumentException for a type that there is not.
     */
    public static CommandResult dispatch(final int type, final DirectBuffer buffer, final int offset,
                                         final CommandHandler handler) {
        final int number = buffer.getInt(offset + BODY_OFFSET);
        return switch (type) {
            case ADD_DOMAIN -> handler.onAddDomain(new Command.AddDomain(number, identity(buffer, offset),
                counters(buffer, offset + DOMAIN_COUNTERS_OFFSET)));
            case REMOVE_DOMAIN -> handler.onRemoveDomain(new Command.RemoveDomain(number));
            case ADD_PORT -> {
                final int flags = buffer.getInt(offset + FLAGS_OFFSET);
                yield handler.onAddPort(new Command.AddPort(number, buffer.getInt(offset + BODY_OFFSET + Integer.BYTES),
                    buffer.getInt(offset + MTU_OFFSET), (flags & HOST_FLAG) != 0, (flags & GUARDED_FLAG) != 0,
                    identity(buffer, offset), counters(buffer, offset + PORT_COUNTERS_OFFSET)));
            }
            case REMOVE_PORT -> handler.onRemovePort(new Command.RemovePort(number));
            case FLUSH_FDB -> handler.onFlushFdb(new Command.FlushFdb(number));
            default -> throw new IllegalArgumentException("unknown command type " + type);
        };
    }

    private static int putNumber(final MutableDirectBuffer buffer, final int number) {
        buffer.putInt(BODY_OFFSET, number);
        return BODY_OFFSET + Integer.BYTES;
    }

    private static void putIdentity(final MutableDirectBuffer buffer, final PortIdentity identity) {
        buffer.putLong(IDENTITY_OFFSET, identity.mac());
        buffer.putLong(IDENTITY_OFFSET + 8, identity.ipv6High());
        buffer.putLong(IDENTITY_OFFSET + 16, identity.ipv6Low());
        buffer.putInt(IDENTITY_OFFSET + 24, identity.ipv4());
    }

    private static PortIdentity identity(final DirectBuffer buffer, final int offset) {
        final int start = offset + IDENTITY_OFFSET;
        return new PortIdentity(buffer.getLong(start), buffer.getInt(start + 24), buffer.getLong(start + 8),
            buffer.getLong(start + 16));
    }

    private static int putCounters(final MutableDirectBuffer buffer, final int offset, final int[] ids) {
        buffer.putInt(offset, ids.length);
        int end = offset + Integer.BYTES;
        for (final int id : ids) {
            buffer.putInt(end, id);
            end += Integer.BYTES;
        }
        return end;
    }

    private static int[] counters(final DirectBuffer buffer, final int offset) {
        final int[] ids = new int[buffer.getInt(offset)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = buffer.getInt(offset + Integer.BYTES * (i + 1));
        }
        return ids;
    }
}
