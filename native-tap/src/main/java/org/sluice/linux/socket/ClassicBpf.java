package org.sluice.linux.socket;

/**
 * The classic BPF programs that Sluice attaches to sockets (Linux Documentation/networking/filter.rst): instructions of
 * 8 bytes, each as one number in native order.
 * <pre>
 *   code (2) | jump if true (1) | jump if false (1) | constant (4)
 * </pre>
 */
public final class ClassicBpf {
    static final int INSTRUCTION_BYTES = 8;

    private static final int LOAD_WORD_ABSOLUTE = 0x20;
    private static final int SHIFT_RIGHT = 0x74;
    private static final int MODULO = 0x94;
    private static final int RETURN = 0x06;
    private static final int RETURN_ACCUMULATOR = 0x16;
    private static final int VNI_WORD_OFFSET = 4;
    private static final int VNI_SHIFT = 8;

    private ClassicBpf() {
    }

    /** Chooses one of several sockets on a port by the VNI. The program sees the datagram from its payload on. */
    public static long[] vniModulo(final int sockets) {
        return new long[] {instruction(LOAD_WORD_ABSOLUTE, VNI_WORD_OFFSET), instruction(SHIFT_RIGHT, VNI_SHIFT),
            instruction(MODULO, sockets), instruction(RETURN_ACCUMULATOR, 0)};
    }

    /** Rejects every datagram. */
    public static long[] nothing() {
        return new long[] {instruction(RETURN, 0)};
    }

    private static long instruction(final int code, final int constant) {
        return (long) constant << 32 | code;
    }
}
