package org.sluice.datapath.command;

/** A command did not reach the worker, got no answer, or was refused. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unanswered;
    private final CommandResult result;

    /**
     * @param unanswered whether the worker may still execute the command later: its names must not be reused.
     */
    public CommandException(final String message, final boolean unanswered) {
        super(message);
        this.unanswered = unanswered;
        result = null;
    }

    /** The worker refused the command. */
    public CommandException(final String message, final CommandResult result) {
        super(message);
        this.result = result;
        unanswered = false;
    }

    /** The worker's answer, or null without one. */
    public CommandResult result() {
        return result;
    }

    public boolean isUnanswered() {
        return unanswered;
    }
}
