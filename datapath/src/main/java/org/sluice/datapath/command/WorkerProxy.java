package org.sluice.datapath.command;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Control's end of a worker's {@link CommandChannel}: sends a command, wakes the worker and waits for the result. Used
 * by one control thread at a time.
 */
public final class WorkerProxy {
    private static final long PARK_NS = TimeUnit.MICROSECONDS.toNanos(20);

    private final CommandChannel channel;
    private final Runnable wakeUp;
    private final long timeoutNs;
    private final MutableDirectBuffer message = new UnsafeBuffer(new byte[CommandCodec.MAX_LENGTH]);
    private long lastCorrelationId;
    private CommandResult received;

    /**
     * @param wakeUp    wakes a sleeping worker, so that it reads its ring.
     * @param timeoutMs how long a worker may take for a command.
     */
    public WorkerProxy(final CommandChannel channel, final Runnable wakeUp, final long timeoutMs) {
        this.channel = channel;
        this.wakeUp = wakeUp;
        timeoutNs = TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    }

    /**
     * Sends the command and waits until the worker has executed it.
     *
     * @throws CommandException when the ring is full, the worker does not answer in time, or refuses.
     */
    public void execute(final Command command) throws CommandException {
        // Results of abandoned commands must not fill the ring that carries this one's result.
        channel.poll((id, result) -> { });
        final long correlationId = ++lastCorrelationId;
        final int length = CommandCodec.encode(command, correlationId, message);
        if (!channel.offer(CommandCodec.typeOf(command), message, length)) {
            throw new CommandException("the worker's command ring is full: it has stopped taking commands",
                false);
        }
        wakeUp.run();
        final CommandResult result = await(correlationId);
        if (result != CommandResult.OK) {
            throw new CommandException(nameOf(command) + " was refused: " + result.description(), result);
        }
    }

    private CommandResult await(final long correlationId) throws CommandException {
        final long deadlineNs = System.nanoTime() + timeoutNs;
        received = null;
        while (received == null) {
            channel.poll((id, result) -> {
                if (id == correlationId) {
                    received = result;
                }
            });
            if (received == null) {
                if (System.nanoTime() - deadlineNs > 0) {
                    throw new CommandException("the worker did not answer within "
                        + TimeUnit.NANOSECONDS.toMillis(timeoutNs) + " ms", true);
                }
                LockSupport.parkNanos(PARK_NS);
            }
        }
        return received;
    }

    private static String nameOf(final Command command) {
        return command.getClass().getSimpleName();
    }
}
