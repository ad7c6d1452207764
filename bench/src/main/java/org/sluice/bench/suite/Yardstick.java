package org.sluice.bench.suite;

import java.util.ArrayList;
import java.util.List;

import org.sluice.bench.Programs;

/**
 * Measures the machine's own cost of a frame, to compare the benchmarks with. One measure is a loop in C that polls,
 * swaps addresses and looks up nothing (bench/src/main/c/poll-loop.c). The other is DPDK's testpmd between two null
 * devices, where it is installed (Debian's package dpdk-dev).
 */
final class Yardstick {
    /** The row that divides all other figures, to compare two machines. */
    static final String LOOP = "C polling loop, 65536 frames";

    private static final List<String> TESTPMD_MODES = List.of("io", "mac", "macswap");
    private static final int PATIENCE_SECONDS = 60;
    /** testpmd runs until it is interrupted. */
    private static final String TESTPMD_SECONDS = "5";

    private Yardstick() {
    }

    static List<SuiteReport.Row> measure() {
        final List<SuiteReport.Row> rows = new ArrayList<>();
        Programs.run(PATIENCE_SECONDS, System.getProperty("sluice.bench.tools") + "/poll-loop").lines()
            .map(line -> line.split(" ")).forEach(words -> rows.add(row("C polling loop, " + words[0] + " frames",
                Double.parseDouble(words[1]))));
        if (Programs.isInstalled("dpdk-testpmd")) {
            try {
                TESTPMD_MODES.forEach(mode -> rows.add(row("dpdk-testpmd, null devices, " + mode, testpmd(mode))));
            } catch (final IllegalStateException ex) {
                System.err.println("skipped dpdk-testpmd, which does not run here: " + ex.getMessage());
            }
        }
        return rows;
    }

    private static SuiteReport.Row row(final String name, final double nanoseconds) {
        return new SuiteReport.Row(name, nanoseconds, 0, 0);
    }

    /** Nanoseconds for each frame, from both ports' rates of the last second together. */
    private static double testpmd(final String mode) {
        final List<Double> rates = Programs.run(PATIENCE_SECONDS, "sh", "-c", "timeout -s INT " + TESTPMD_SECONDS
                + " dpdk-testpmd --no-huge -m 256 --no-pci --no-shconf --file-prefix=sluice-bench-$$"
                + " --log-level='*:error' --vdev=net_null0,size=64 --vdev=net_null1,size=64 -l 0,1 --"
                + " --total-num-mbufs=8192 --stats-period=1 --nb-cores=1 --forward-mode=" + mode + " || true")
            .lines().map(String::strip).filter(line -> line.startsWith("Rx-pps:"))
            .map(line -> Double.parseDouble(line.split("\\s+")[1])).toList();
        if (rates.size() < 2) {
            throw new IllegalStateException("dpdk-testpmd printed no rates");
        }
        return 1e9 / (rates.getLast() + rates.get(rates.size() - 2));
    }
}
