package org.sluice.bench.compare;

/** A figure could not be measured. The comparison ends, because a report with a hole would mislead. */
public final class MeasurementException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    MeasurementException(final String message) {
        super(message);
    }

    MeasurementException(final String message, final Throwable cause) {
        super(message, cause);
    }
}
