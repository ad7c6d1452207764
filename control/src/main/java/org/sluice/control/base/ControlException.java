package org.sluice.control.base;

/** A request that cannot be done, with a sentence that says what is wrong and what to do. Nothing is left half-made. */
public final class ControlException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Kind of failure; the API turns it into an HTTP status. */
    public enum Kind {
        /** The request itself is wrong. */
        INVALID,
        /** The request names something that is not there. */
        NOT_FOUND,
        /** The request clashes with something that is there. */
        CONFLICT,
        /** The system refused. */
        FAILED
    }

    private final Kind kind;

    public ControlException(final Kind kind, final String message) {
        super(message);
        this.kind = kind;
    }

    public ControlException(final Kind kind, final String message, final Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public static ControlException invalid(final String message) {
        return new ControlException(Kind.INVALID, message);
    }

    public static ControlException notFound(final String message) {
        return new ControlException(Kind.NOT_FOUND, message);
    }

    public static ControlException conflict(final String message) {
        return new ControlException(Kind.CONFLICT, message);
    }

    public Kind kind() {
        return kind;
    }

    /** There always is one. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
