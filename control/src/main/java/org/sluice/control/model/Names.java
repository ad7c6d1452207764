package org.sluice.control.model;

import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.sluice.control.base.ControlException;

/** Checks names. */
public final class Names {
    /** As docker's. */
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}");
    /** As the kernel's dev_valid_name, less what would have to be quoted. */
    private static final Pattern INTERFACE = Pattern.compile("[a-zA-Z0-9_.-]{1,15}");

    private Names() {
    }

    /**
     * @param what is named; human-readable.
     * @throws ControlException when the name is not one.
     */
    public static String require(final String what, final @Nullable String name) {
        if (name == null || !NAME.matcher(name).matches()) {
            throw ControlException.invalid("\"" + name + "\" is no " + what + " name: up to 63 letters, digits and"
                + " . _ - , beginning with a letter or digit");
        }
        return name;
    }

    /**
     * @throws ControlException when the kernel would not take the name.
     */
    public static String requireInterface(final String name) {
        if (!INTERFACE.matcher(name).matches() || ".".equals(name) || "..".equals(name)) {
            throw ControlException.invalid("\"" + name + "\" is no interface name: up to 15 letters, digits and . _ -");
        }
        return name;
    }

    /** The host port of a network: as much of its name as fits, made unique by its hash where it does not. */
    public static String hostInterface(final String network) {
        final String whole = "sl-" + network;
        return whole.length() <= 15 ? whole
            : String.format("sl-%.6s%06x", network, network.hashCode() & 0xFF_FFFF);
    }
}
