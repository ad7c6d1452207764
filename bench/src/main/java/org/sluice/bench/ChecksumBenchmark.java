package org.sluice.bench;

import org.agrona.UnsafeApi;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.protocol.InternetChecksum;

/** The Internet checksum over payloads of one packet and of a super-frame. One operation is one sum. */
@State(Scope.Thread)
public class ChecksumBenchmark extends NanosecondBenchmark {
    /** Where a payload begins in a frame: not aligned to a word of eight bytes. */
    private static final int START = 54;

    /** Bytes to sum. */
    @Param({"1448", "9000", "65536"})
    private int length;

    private OffHeapRegion region;

    /** Fills the memory. */
    @Setup(Level.Trial)
    public void setUp() {
        region = OffHeapRegion.anonymous(START + length);
        for (int i = 0; i < length; i++) {
            UnsafeApi.putByte(region.address() + START + i, (byte) (i * 31));
        }
    }

    /** One sum. */
    @Benchmark
    public int sum() {
        return InternetChecksum.sum(region.address() + START, length);
    }

    /** Ends the run. */
    @TearDown(Level.Trial)
    public void tearDown() {
        region.close();
    }
}
