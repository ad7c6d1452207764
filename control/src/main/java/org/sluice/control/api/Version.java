package org.sluice.control.api;

/** The version that the build wrote into the jar. */
public final class Version {
    public static final String TEXT = text();

    private Version() {
    }

    private static String text() {
        final String version = Version.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
