package org.sluice.bench.compare;

import java.util.ArrayList;
import java.util.List;

import org.sluice.linux.testbed.TestNamespace;

/**
 * Where a program of the comparison runs: in a network namespace; the rest is the machine's.
 *
 * @param netns the file to enter it through.
 */
public record Place(String netns) {
    static Place of(final TestNamespace namespace) {
        return new Place("/run/netns/" + namespace.name());
    }

    static Place ofProcess(final long pid) {
        return new Place("/proc/" + pid + "/ns/net");
    }

    /** A command that runs the given one there, in the same process. */
    List<String> command(final String... command) {
        final List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + netns));
        all.addAll(List.of(command));
        return all;
    }
}
