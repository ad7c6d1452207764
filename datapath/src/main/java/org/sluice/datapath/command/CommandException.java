package org.sluice.datapath.command;

/** A worker could not be told, did not answer, or said no. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    public CommandException(final String message) {
        super(message);
    }
}
