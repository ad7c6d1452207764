package org.sluice.control.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTimeout;
import org.sluice.datapath.conntrack.Connection;

import picocli.CommandLine.Option;

/** The daemon's options for connection tracking; the defaults are the kernel's. */
final class ConntrackOptions {
    private static final int MIN_CAPACITY = 1024;
    private static final int MAX_CAPACITY = 16 << 20;

    /** What {@code --conntrack-timeout} knows. */
    static final class StateNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(ConntrackTimeout.values()).map(ConntrackOptions::nameOf).iterator();
        }
    }

    @Option(names = "--conntrack-max", paramLabel = "N", defaultValue = "" + ConntrackConfig.DEFAULT_CAPACITY,
        description = "Connections that each worker can track, " + MIN_CAPACITY + " to " + MAX_CAPACITY + ". One takes "
            + Connection.BYTES + " bytes, and at least 32 in the index. Default: ${DEFAULT-VALUE}.")
    private int capacity;

    @Option(names = "--conntrack-per-endpoint", paramLabel = "N",
        defaultValue = "" + ConntrackConfig.DEFAULT_PER_PORT_LIMIT,
        description = "Connections that one endpoint may have at a time. Default: ${DEFAULT-VALUE}.")
    private int perEndpoint;

    @Option(names = "--conntrack-liberal",
        description = "Let TCP packets outside the window pass, except resets. Default: drop them.")
    private boolean liberal;

    @Option(names = "--no-conntrack-pickup",
        description = "Drop a TCP ACK of an unknown connection. Default: it opens the connection.")
    private boolean noPickUp;

    @Option(names = "--conntrack-timeout", paramLabel = "STATE=SECONDS,...", split = ",", hideParamSyntax = true,
        completionCandidates = StateNames.class,
        description = "Forget a connection in this state after this many seconds without a packet, for example"
            + " tcp_established=7200,udp=60. Repeat it, or separate several by commas. States:"
            + " ${COMPLETION-CANDIDATES}. Default: the kernel's.")
    private Map<String, Integer> timeouts = new LinkedHashMap<>();

    /**
     * @throws CliException when a value is out of its range.
     */
    ConntrackConfig toConfig() {
        if (capacity < MIN_CAPACITY || capacity > MAX_CAPACITY) {
            throw new CliException("--conntrack-max takes " + MIN_CAPACITY + " to " + MAX_CAPACITY + ", not "
                + capacity);
        }
        if (perEndpoint < 1) {
            throw new CliException("--conntrack-per-endpoint takes a number from 1, not " + perEndpoint);
        }
        final int[] seconds = ConntrackConfig.defaultTimeouts();
        timeouts.forEach((name, value) -> {
            if (value < 1) {
                throw new CliException("--conntrack-timeout " + name + " takes a number of seconds from 1, not "
                    + value);
            }
            seconds[timeoutOf(name).ordinal()] = value;
        });
        return new ConntrackConfig(capacity, perEndpoint, !liberal, !noPickUp, seconds);
    }

    private static String nameOf(final ConntrackTimeout timeout) {
        return timeout.name().toLowerCase(Locale.ROOT);
    }

    private static ConntrackTimeout timeoutOf(final String name) {
        for (final ConntrackTimeout timeout : ConntrackTimeout.values()) {
            if (nameOf(timeout).equals(name)) {
                return timeout;
            }
        }
        throw new CliException("--conntrack-timeout knows no state \"" + name + "\"; it knows "
            + String.join(" ", new StateNames()));
    }
}
