package org.sluice.datapath.command;

import org.agrona.MutableDirectBuffer;

/** Writes the fields of a message one behind the other. Used by one control thread at a time. */
final class FieldWriter {
    private final MutableDirectBuffer buffer;
    private int offset;

    FieldWriter(final MutableDirectBuffer buffer) {
        this.buffer = buffer;
    }

    FieldWriter put(final long value) {
        buffer.putLong(offset, value);
        offset += Long.BYTES;
        return this;
    }

    FieldWriter put(final int value) {
        buffer.putInt(offset, value);
        offset += Integer.BYTES;
        return this;
    }

    FieldWriter put(final boolean value) {
        return put(value ? 1 : 0);
    }

    FieldWriter put(final int[] values) {
        put(values.length);
        for (final int value : values) {
            put(value);
        }
        return this;
    }

    int length() {
        return offset;
    }
}
