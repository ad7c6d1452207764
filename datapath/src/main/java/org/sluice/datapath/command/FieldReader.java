package org.sluice.datapath.command;

import org.agrona.DirectBuffer;

/** Reads the fields that a {@link FieldWriter} wrote, in the same order. Owned by the worker. */
final class FieldReader {
    private final DirectBuffer buffer;
    private int offset;

    FieldReader(final DirectBuffer buffer, final int offset) {
        this.buffer = buffer;
        this.offset = offset;
    }

    long i64() {
        final long value = buffer.getLong(offset);
        offset += Long.BYTES;
        return value;
    }

    int i32() {
        final int value = buffer.getInt(offset);
        offset += Integer.BYTES;
        return value;
    }

    boolean bool() {
        return i32() != 0;
    }

    int[] ints() {
        final int[] values = new int[i32()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i32();
        }
        return values;
    }
}
