package org.sluice.linux.bpf;

import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;

/** A program's place of work. It ends with its descriptor: when this is closed, or when the process dies. */
final class BpfLink implements AutoCloseable {
    private final int fd;

    private BpfLink(final int fd) {
        this.fd = fd;
    }

    /**
     * Attaches a program.
     *
     * @param target an interface's index in the calling thread's namespace, or a namespace's descriptor, by the type.
     * @throws NativeException when the kernel refuses.
     */
    static BpfLink create(final BpfProgram program, final int target, final int attachType) {
        return new BpfLink(Bpf.call(Bpf.LINK_CREATE, "attach program with type " + attachType, attributes -> {
            attributes.putInt(0, program.fd());
            attributes.putInt(4, target);
            attributes.putInt(8, attachType);
        }));
    }

    @Override
    public void close() {
        LibC.INSTANCE.close(fd);
    }
}
