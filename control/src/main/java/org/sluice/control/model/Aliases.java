package org.sluice.control.model;

import java.util.Collection;
import java.util.List;
import java.util.Map;

import org.sluice.control.base.ControlException;

/**
 * The names that Docker's users know networks and endpoints by: Docker tells its drivers only ids.
 *
 * @param networks  the network's name in Docker, by our name.
 * @param endpoints the container's name, by our name of its endpoint.
 */
public record Aliases(Map<String, String> networks, Map<String, String> endpoints) {
    /** None known. */
    public static final Aliases NONE = new Aliases(Map.of(), Map.of());

    /**
     * Our name of a network.
     *
     * @param name  ours or Docker's.
     * @param known our names.
     */
    String networkCalled(final String name, final Collection<String> known) {
        return resolve("network", name, known, networks);
    }

    /**
     * Our name of an endpoint.
     *
     * @param name  ours or its container's.
     * @param known our names.
     * @throws ControlException when the container has several.
     */
    String endpointCalled(final String name, final Collection<String> known) {
        return resolve("endpoint", name, known, endpoints);
    }

    private static String resolve(final String what, final String name, final Collection<String> known,
                                  final Map<String, String> aliases) {
        if (known.contains(name)) {
            return name;
        }
        final List<String> called = known.stream().filter(own -> aliases.getOrDefault(own, "").equals(name)).toList();
        if (called.size() > 1) {
            throw ControlException.invalid("\"" + name + "\" has several " + what + "s: name one of "
                + String.join(", ", called));
        }
        return called.isEmpty() ? name : called.getFirst();
    }
}
