package org.sluice.bench.compare;

/**
 * The two ends of a path for a {@link Load}.
 *
 * @param client where the load's client runs.
 * @param server where the load's server runs.
 * @param target address that the client uses.
 * @param listen address that the server listens on.
 */
public record Ends(Place client, Place server, String target, String listen) {
    /** Ends of a path on which both use the same address for the server. */
    Ends(final Place client, final Place server, final String target) {
        this(client, server, target, target);
    }
}
