package org.sluice.datapath.command;

import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

import org.sluice.datapath.buffer.OffHeapRegion;

/**
 * The two Agrona rings between control and one worker: commands in one direction, results in the other. The worker
 * calls {@link #drain} between bursts; control uses {@link WorkerProxy}. Each method names the thread that may call it.
 */
public final class CommandChannel implements AutoCloseable {
    private static final int COMMAND_RING_BYTES = 64 * 1024;
    private static final int RESULT_RING_BYTES = 16 * 1024;
    private static final int RESULT_TYPE = 1;
    private static final int RESULT_LENGTH = Long.BYTES + Integer.BYTES;
    private static final CommandResult[] RESULTS = CommandResult.values();

    private final OffHeapRegion region;
    private final RingBuffer commands;
    private final RingBuffer results;
    private final MutableDirectBuffer result = new UnsafeBuffer(new byte[RESULT_LENGTH]);

    public CommandChannel() {
        final int commandBytes = COMMAND_RING_BYTES + RingBufferDescriptor.TRAILER_LENGTH;
        final int resultBytes = RESULT_RING_BYTES + RingBufferDescriptor.TRAILER_LENGTH;
        region = OffHeapRegion.anonymous(commandBytes + resultBytes);
        commands = new ManyToOneRingBuffer(region.slice(0, commandBytes));
        results = new OneToOneRingBuffer(region.slice(commandBytes, resultBytes));
    }

    /** Worker: applies up to {@code limit} commands and answers each. The answer to a command that throws is FAILED. */
    public int drain(final MessageHandler applier, final int limit) {
        return commands.read(applier, limit);
    }

    /** Worker: whether commands are waiting. */
    public boolean hasCommands() {
        return commands.size() > 0;
    }

    /** Worker: makes the applier for {@link #drain}, once. */
    public MessageHandler applier(final Layer2CommandHandler layer2, final Layer3CommandHandler layer3,
                                  final ErrorHandler errorHandler) {
        return (type, buffer, index, length) -> {
            CommandResult outcome;
            try {
                outcome = CommandCodec.dispatch(type, buffer, index, layer2, layer3);
            } catch (final RuntimeException ex) {
                errorHandler.onError(ex);
                outcome = CommandResult.FAILED;
            }
            result.putLong(0, CommandCodec.correlationId(buffer, index));
            result.putInt(Long.BYTES, outcome.ordinal());
            results.write(RESULT_TYPE, result, 0, RESULT_LENGTH);
        };
    }

    /** Control: false when the ring is full. */
    boolean offer(final int type, final DirectBuffer message, final int length) {
        return commands.write(type, message, 0, length);
    }

    /** Receives results; called by control. */
    @FunctionalInterface
    interface ResultHandler {
        /** The result of the command with this correlation id. */
        void onResult(long correlationId, CommandResult result);
    }

    /** Control: takes the results that have arrived. */
    int poll(final ResultHandler handler) {
        return results.read((type, buffer, index, length) ->
            handler.onResult(buffer.getLong(index), RESULTS[buffer.getInt(index + Long.BYTES)]));
    }

    @Override
    public void close() {
        region.close();
    }
}
