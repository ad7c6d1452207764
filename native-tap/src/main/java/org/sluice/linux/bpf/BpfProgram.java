package org.sluice.linux.bpf;

import java.nio.charset.StandardCharsets;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;

/** A program that the kernel has verified and holds. Its attachments hold it too. Used by one thread. */
final class BpfProgram implements AutoCloseable {
    static final int SOCKET_FILTER = 1;
    static final int SCHED_CLS = 3;
    static final int SK_LOOKUP = 30;
    static final int ATTACH_SK_LOOKUP = 36;

    private static final String LICENSE = "GPL\0";
    private static final int LOG_BYTES = 64 * 1024;

    private final int fd;

    private BpfProgram(final int fd) {
        this.fd = fd;
    }

    /**
     * Loads a program.
     *
     * @param attachType the attach type that it is meant for, or 0.
     * @throws NativeException when the kernel refuses; the message ends with the verifier's last lines.
     */
    static BpfProgram load(final int type, final int attachType, final BpfAssembler assembler) {
        final byte[] code = assembler.assemble();
        try (OffHeapRegion memory = OffHeapRegion.anonymous(code.length + LOG_BYTES + 8L)) {
            memory.slice(0, code.length).putBytes(0, code);
            final long license = memory.address() + code.length;
            memory.slice(code.length, 8).putBytes(0, LICENSE.getBytes(StandardCharsets.US_ASCII));
            final long log = license + 8;
            final int fd = Bpf.tryCall(Bpf.PROG_LOAD, attributes -> {
                attributes.putInt(0, type);
                attributes.putInt(4, assembler.instructionCount());
                attributes.putLong(8, memory.address());
                attributes.putLong(16, license);
                attributes.putInt(24, 1);
                attributes.putInt(28, LOG_BYTES);
                attributes.putLong(32, log);
                attributes.putInt(68, attachType);
            });
            if (fd < 0) {
                final int errno = Bpf.errno();
                throw new NativeException("bpf", errno, "load program of type " + type
                    + " (" + lastLine(memory.slice(code.length + 8L, LOG_BYTES).getStringWithoutLengthUtf8(0,
                    LOG_BYTES)) + ")");
            }
            return new BpfProgram(fd);
        }
    }

    int fd() {
        return fd;
    }

    @Override
    public void close() {
        LibC.INSTANCE.close(fd);
    }

    private static String lastLine(final String log) {
        final int end = log.indexOf('\0');
        return (end < 0 ? log : log.substring(0, end)).lines().filter(line -> !line.startsWith("processed"))
            .reduce((before, line) -> line).orElse("no reason given");
    }
}
