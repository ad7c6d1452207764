package org.sluice.linux.sys;

/** A network namespace does not exist, is of another kind, or may not be entered. */
public final class NamespaceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public NamespaceException(final String message, final Throwable cause) {
        super(message, cause);
    }
}
