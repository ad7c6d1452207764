package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

/**
 * A system in namespaces of its own, with containers, ready to be measured. Closing it removes everything. Used by one
 * thread.
 */
public interface Scene extends AutoCloseable {
    /** Ports that each scene publishes, in the syntax of docker's {@code -p} and {@code sluice port publish}. */
    List<String> PUBLISHED = List.of(Load.STREAM_PORT + ":" + Load.STREAM_PORT,
        Load.ROUND_TRIP_PORT + ":" + Load.ROUND_TRIP_PORT, Load.ROUND_TRIP_PORT + ":" + Load.ROUND_TRIP_PORT + "/udp",
        Load.PACKETS_PORT + ":" + Load.PACKETS_PORT + "/udp", Load.HTTP_PORT + ":" + Load.HTTP_PORT);

    /** The system's paths, in the order of measurement. */
    Map<TrafficPath, Ends> ends();

    /** The processes that run only for the system; the kernel's part has none. */
    List<ProcessHandle> processes();

    @Override
    void close();
}
