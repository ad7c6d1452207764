package org.sluice.control.cli;

import java.util.Locale;

/** Value of an option that is either on or off. */
enum OnOff {
    ON, OFF;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
