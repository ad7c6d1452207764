package org.sluice.bench;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The conditions of a measurement: no figure is recorded without them. */
public final class Conditions {
    private static final int PATIENCE_SECONDS = 20;

    private Conditions() {
    }

    /** Date, commit, command, machine, kernel and versions, in this order. */
    public static Map<String, String> read() {
        final Map<String, String> conditions = new LinkedHashMap<>();
        script("conditions", System.getProperty("sluice.bench.command")).lines().filter(line -> !line.isBlank())
            .map(line -> line.split("\\s+", 2)).forEach(words -> conditions.put(words[0], words[1]));
        return conditions;
    }

    /** The folder for results of this commit. */
    public static Path resultFolder() {
        return Path.of(script("result-folder").strip());
    }

    private static String script(final String name, final String... arguments) {
        final String[] command = new String[arguments.length + 1];
        command[0] = System.getProperty("sluice.bench.scripts") + "/" + name;
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return Programs.run(PATIENCE_SECONDS, command);
    }
}
