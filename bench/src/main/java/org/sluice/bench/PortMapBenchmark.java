package org.sluice.bench;

import java.util.SplittableRandom;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import org.sluice.datapath.nat.PortMap;
import org.sluice.datapath.nat.PortMapTable;
import org.sluice.datapath.protocol.IpAddress;
import org.sluice.datapath.protocol.IpProtocol;

/** Which published port a new connection is for, with so many of them. One operation is one look-up. */
@State(Scope.Thread)
public class PortMapBenchmark extends NanosecondBenchmark {
    private static final int LOOKUPS = 1024;
    private static final int FIRST_PORT = 10_000;
    private static final int HOST = 0xC000_020A;
    private static final int ENDPOINT = 0x0A00_0002;

    /** Published singly. */
    @Param({"1", "100", "10000"})
    private int ports;

    private final PortMapTable table = new PortMapTable();
    private int[] order;

    /** Publishes them. */
    @Setup(Level.Trial)
    public void setUp() {
        for (int port = FIRST_PORT; port < FIRST_PORT + ports; port++) {
            table.add(new PortMap(IpProtocol.TCP, true, 0, 0, port, port, IpAddress.IPV4_HIGH,
                IpAddress.ipv4Low(ENDPOINT), 80));
        }
        order = new SplittableRandom(0x5EED).ints(LOOKUPS, FIRST_PORT, FIRST_PORT + ports).toArray();
    }

    /** All of them by turns. */
    @Benchmark
    @OperationsPerInvocation(LOOKUPS)
    public int find() {
        int sum = 0;
        for (final int port : order) {
            sum += table.find(IpProtocol.TCP, true, IpAddress.IPV4_HIGH, IpAddress.ipv4Low(HOST), port)
                .endpointFirst();
        }
        return sum;
    }
}
