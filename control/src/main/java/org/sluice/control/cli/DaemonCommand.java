package org.sluice.control.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;

import org.agrona.concurrent.ShutdownSignalBarrier;

import org.sluice.control.Daemon;
import org.sluice.control.engine.EngineOptions;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sluice daemon}: runs in the foreground until SIGTERM or SIGINT. */
@Command(name = "daemon", description = "Run the switch, in the foreground, until SIGTERM.")
final class DaemonCommand implements Callable<Integer> {
    private static final int MAX_WORKERS = 64;

    /** What a worker does when it has nothing to do. */
    enum Idle {
        BUSY, ADAPTIVE
    }

    @Option(names = "--run-dir", paramLabel = "DIR", defaultValue = ClientOptions.DEFAULT_RUN_DIR,
        description = "Sockets and mapped files. Default: $SLUICE_RUN_DIR, or /run/sluice.")
    private Path runDir;

    @Option(names = "--state-dir", paramLabel = "DIR", defaultValue = "${env:SLUICE_STATE_DIR:-/var/lib/sluice}",
        description = "What outlives the daemon. Default: $SLUICE_STATE_DIR, or /var/lib/sluice.")
    private Path stateDir;

    @Option(names = "--idle", paramLabel = "busy|adaptive", defaultValue = "adaptive",
        description = "busy spins all the time, for the lowest latency; adaptive, the default, sleeps when idle.")
    private Idle idle;

    @Option(names = "--workers", paramLabel = "N", defaultValue = "1",
        description = "Forwarding threads; networks are spread over them. Default: 1.")
    private int workers;

    @Override
    @SuppressWarnings("try") // The daemon works by itself until it is closed.
    public Integer call() {
        if (workers < 1 || workers > MAX_WORKERS) {
            throw new CliException("--workers takes a number from 1 to " + MAX_WORKERS + ", not " + workers);
        }
        try (ShutdownSignalBarrier barrier = new ShutdownSignalBarrier();
            Daemon daemon = Daemon.start(new EngineOptions(runDir.toAbsolutePath(), stateDir.toAbsolutePath(),
                idle == Idle.BUSY, workers))) {
            barrier.await();
        }
        return 0;
    }
}
