package org.sluice.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads CPU time from the kernel's accounts in /proc, in ticks of 10 ms (USER_HZ, proc(5)). */
final class CpuMeter {
    private static final double SECONDS_PER_TICK = 0.01;
    /** Fields of the line "cpu" that are not time in use: idle, iowait; and guest time, which user time includes. */
    private static final int IDLE = 4;
    private static final int IO_WAIT = 5;
    private static final int GUEST = 9;
    /** Fields of /proc/PID/stat after the command's name. */
    private static final int USER_TIME = 11;
    private static final int SYSTEM_TIME = 12;

    private CpuMeter() {
    }

    /** Seconds that all cores of the machine have worked so far. */
    static double machineSeconds() {
        final String[] words = read("/proc/stat").lines().findFirst().orElseThrow().split("\\s+");
        long ticks = 0;
        for (int i = 1; i < Math.min(words.length, GUEST); i++) {
            if (i != IDLE && i != IO_WAIT) {
                ticks += Long.parseLong(words[i]);
            }
        }
        return ticks * SECONDS_PER_TICK;
    }

    /** Seconds that these processes have worked so far. */
    static double seconds(final List<ProcessHandle> processes) {
        long ticks = 0;
        for (final ProcessHandle process : processes) {
            final String stat = read("/proc/" + process.pid() + "/stat");
            final String[] words = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            ticks += Long.parseLong(words[USER_TIME]) + Long.parseLong(words[SYSTEM_TIME]);
        }
        return ticks * SECONDS_PER_TICK;
    }

    /** Megabytes of resident memory of all these processes. */
    static double residentMegabytes(final List<ProcessHandle> processes) {
        double kilobytes = 0;
        for (final ProcessHandle process : processes) {
            kilobytes += Long.parseLong(Program.after(read("/proc/" + process.pid() + "/status"), "VmRSS:"));
        }
        return kilobytes / 1024;
    }

    private static String read(final String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (final IOException ex) {
            throw new MeasurementException("cannot read " + file, ex);
        }
    }
}
