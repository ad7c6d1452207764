package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.List;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Where a program of the comparison runs: a network namespace, and nothing else of its own.
 *
 * @param netns the file by which it is entered.
 */
public record Place(String netns) {
    static Place of(final TestNamespace namespace) {
        return new Place("/run/netns/" + namespace.name());
    }

    static Place ofProcess(final long pid) {
        return new Place("/proc/" + pid + "/ns/net");
    }

    /** The command that runs another there, in the same process. */
    List<String> command(final String... command) {
        final List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + netns));
        all.addAll(List.of(command));
        return all;
    }
}
