package org.sluice.datapath.command;

/** A worker could not be told, did not answer, or said no. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean unanswered;

    /**
     * @param unanswered whether the command may still be carried out later: what it names must not be used again.
     */
    public CommandException(final String message, final boolean unanswered) {
        super(message);
        this.unanswered = unanswered;
    }

    public boolean isUnanswered() {
        return unanswered;
    }
}
