package org.sluice.linux.bpf;

/** A socket filter that is to be attached: a socket that has it keeps it. */
public final class BpfFilter implements AutoCloseable {
    private final BpfProgram program;

    BpfFilter(final BpfProgram program) {
        this.program = program;
    }

    public int fd() {
        return program.fd();
    }

    @Override
    public void close() {
        program.close();
    }
}
