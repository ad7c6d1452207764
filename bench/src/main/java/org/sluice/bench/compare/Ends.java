package org.sluice.bench.compare;

/**
 * The two ends of a path, on which a {@link Load} is put.
 *
 * @param client where the load begins.
 * @param server where it is served.
 * @param target address that the client asks for.
 * @param listen address that the server has.
 */
public record Ends(Place client, Place server, String target, String listen) {
    /** Both ends know each other by the same address. */
    Ends(final Place client, final Place server, final String target) {
        this(client, server, target, target);
    }
}
