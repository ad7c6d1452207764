package org.sluice.bench.compare;

import java.util.List;
import java.util.Map;

/** A system that is set up in namespaces of its own, with containers, ready to be measured; gone once it is closed. */
public interface Scene extends AutoCloseable {
    /** Ports that each scene publishes, as docker's {@code -p} and {@code sluice port publish} write them. */
    List<String> PUBLISHED = List.of(Load.STREAM_PORT + ":" + Load.STREAM_PORT,
        Load.ROUND_TRIP_PORT + ":" + Load.ROUND_TRIP_PORT, Load.ROUND_TRIP_PORT + ":" + Load.ROUND_TRIP_PORT + "/udp",
        Load.PACKETS_PORT + ":" + Load.PACKETS_PORT + "/udp", Load.HTTP_PORT + ":" + Load.HTTP_PORT);

    /** The paths that this system has, in the order in which they are measured. */
    Map<TrafficPath, Ends> ends();

    /** Those that run for the system's sake alone; the kernel's part of it has none. */
    List<ProcessHandle> processes();

    @Override
    void close();
}
