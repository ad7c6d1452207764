package org.sluice.datapath.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import java.util.Random;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import org.sluice.datapath.buffer.OffHeapRegion;

class InternetChecksumTest {
    private final OffHeapRegion region = OffHeapRegion.anonymous(70_000);
    private final UnsafeBuffer memory = region.slice(0, 70_000);
    private final Random random = new Random(1);

    @AfterEach
    void release() {
        region.close();
    }

    @Test
    void shouldSumTheExampleOfRfc1071() {
        memory.putBytes(0, HexFormat.of().parseHex("0001f203f4f5f6f7"));
        assertEquals(0xddf2, InternetChecksum.sum(region.address(), 8));
        assertEquals(0x220d, InternetChecksum.finish(InternetChecksum.sum(region.address(), 8)));
    }

    @Test
    void shouldAgreeWithTheDefinitionForEveryLengthAndAlignment() {
        for (int round = 0; round < 3000; round++) {
            final int start = random.nextInt(16);
            final int length = round < 200 ? round : random.nextInt(65_536);
            fillRandomly(start + length);
            assertEquals(naiveSum(start, length), InternetChecksum.sum(region.address() + start, length),
                "start " + start + " length " + length);
        }
    }

    @Test
    void shouldUpdateIncrementallyToWhatAFullSumGives() {
        for (int round = 0; round < 20_000; round++) {
            fillRandomly(40);
            memory.putShort(0, (short) 0);
            final int before = InternetChecksum.finish(InternetChecksum.sum(region.address(), 40));
            final int offset = 4 + 2 * random.nextInt(16);
            final int oldWord = naiveSum(offset, 2);
            final int newWord = random.nextInt(0x1_0000);
            put16(offset, newWord);
            final int after = InternetChecksum.finish(InternetChecksum.sum(region.address(), 40));
            assertEquals(after, InternetChecksum.update16(before, oldWord, newWord));
        }
    }

    @Test
    void shouldSendAUdpChecksumOfZeroAsAllOnes() {
        memory.setMemory(0, 8, (byte) 0xFF);
        put16(6, 0xFFFF);
        InternetChecksum.complete(region.address(), 6, 8, true);
        assertEquals(0xFFFF, naiveSum(6, 2));
        put16(6, 0xFFFF);
        InternetChecksum.complete(region.address(), 6, 8, false);
        assertEquals(0, naiveSum(6, 2));
    }

    private void fillRandomly(final int length) {
        final byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        memory.putBytes(0, bytes);
    }

    private void put16(final int offset, final int value) {
        memory.putByte(offset, (byte) (value >>> 8));
        memory.putByte(offset + 1, (byte) value);
    }

    private int naiveSum(final int start, final int length) {
        long sum = 0;
        for (int i = 0; i < length; i++) {
            final int octet = memory.getByte(start + i) & 0xFF;
            sum += i % 2 == 0 ? octet << 8 : octet;
        }
        while (sum > 0xFFFF) {
            sum = (sum & 0xFFFF) + (sum >>> 16);
        }
        return (int) sum;
    }
}
