package org.sluice.control.cli;

/** A command that failed; the message is the one line that the user sees. */
final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CliException(final String message) {
        super(message);
    }

    CliException(final String message, final Throwable cause) {
        super(message, cause);
    }

    /** There always is one. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
