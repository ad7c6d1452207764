package org.sluice.control.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import org.sluice.datapath.conntrack.ConntrackConfig;
import org.sluice.datapath.conntrack.ConntrackTimeout;

import picocli.CommandLine.Option;

/** The daemon's settings of connection tracking; the defaults are the kernel's. */
final class ConntrackOptions {
    private static final int MIN_CAPACITY = 1024;
    private static final int MAX_CAPACITY = 16 << 20;

    @Option(names = "--conntrack-max", paramLabel = "N", defaultValue = "" + ConntrackConfig.DEFAULT_CAPACITY,
        description = "Connections that a worker tracks, of 224 bytes each. Default: ${DEFAULT-VALUE}.")
    private int capacity;

    @Option(names = "--conntrack-per-endpoint", paramLabel = "N",
        defaultValue = "" + ConntrackConfig.DEFAULT_PER_PORT_LIMIT,
        description = "Connections that one endpoint may take part in. Default: ${DEFAULT-VALUE}.")
    private int perEndpoint;

    @Option(names = "--conntrack-liberal", description = "TCP packets outside the window pass; only resets must fit.")
    private boolean liberal;

    @Option(names = "--no-conntrack-pickup",
        description = "An ACK of no known connection is dropped, and does not open one.")
    private boolean noPickUp;

    @Option(names = "--conntrack-timeout", paramLabel = "STATE=SECONDS", split = ",",
        description = "For example tcp_established=7200,udp=60; may be given several times.")
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

    private static ConntrackTimeout timeoutOf(final String name) {
        for (final ConntrackTimeout timeout : ConntrackTimeout.values()) {
            if (timeout.name().toLowerCase(Locale.ROOT).equals(name)) {
                return timeout;
            }
        }
        final StringBuilder known = new StringBuilder();
        for (final ConntrackTimeout timeout : ConntrackTimeout.values()) {
            known.append(' ').append(timeout.name().toLowerCase(Locale.ROOT));
        }
        throw new CliException("--conntrack-timeout knows no state \"" + name + "\"; it knows" + known);
    }
}
