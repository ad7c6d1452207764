package org.sluice.control.docker;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;

/** From Docker's ids to our names: their first twelve characters, as Docker itself shows them. */
final class DockerId {
    private static final Pattern ID = Pattern.compile("[a-zA-Z0-9]{12,128}");
    private static final int SHOWN = 12;

    private DockerId() {
    }

    /**
     * @param field of the request; human-readable.
     * @throws ControlException when it is no id.
     */
    static String nameOf(final String field, final @Nullable String id) {
        return require(field, id).substring(0, SHOWN);
    }

    /**
     * The id itself.
     *
     * @param field of the request; human-readable.
     * @throws ControlException when it is no id.
     */
    static String require(final String field, final @Nullable String id) {
        if (id == null || !ID.matcher(id).matches()) {
            throw ControlException.invalid(field + " \"" + id + "\" is not a Docker id: 12 to 128 letters and"
                + " digits");
        }
        return id;
    }
}
