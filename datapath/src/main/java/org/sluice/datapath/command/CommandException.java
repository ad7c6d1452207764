package org.sluice.datapath.command;

/** A worker could not be told, did not answer, or said no. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unanswered;
    private final CommandResult result;

    /**
     * @param unanswered whether the command may still be carried out later: what it names must not be used again.
     */
    public CommandException(final String message, final boolean unanswered) {
        super(message);
        this.unanswered = unanswered;
        result = null;
    }

    /** The worker has said no. */
    public CommandException(final String message, final CommandResult result) {
        super(message);
        this.result = result;
        unanswered = false;
    }

    /** The worker's answer, or null where there was none. */
    public CommandResult result() {
        return result;
    }

    public boolean isUnanswered() {
        return unanswered;
    }
}
