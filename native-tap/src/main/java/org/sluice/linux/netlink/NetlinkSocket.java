package org.sluice.linux.netlink;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

import org.agrona.BitUtil;
import org.agrona.concurrent.UnsafeBuffer;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.linux.sys.LibC;
import org.sluice.linux.sys.NativeException;

/**
 * A netlink socket of the calling thread's network namespace: one request at a time, and the kernel's answers to
 * it. Used by one thread.
 */
final class NetlinkSocket implements AutoCloseable {
    static final int AF_NETLINK = 16;
    static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    static final int NETLINK_ROUTE = 0;
    static final int NETLINK_SOCK_DIAG = 4;
    static final int SOL_NETLINK = 270;
    static final int NETLINK_EXT_ACK = 11;
    static final int NETLINK_CAP_ACK = 10;

    static final int NLMSG_ERROR = 2;
    static final int NLMSG_DONE = 3;
    static final int NLM_F_REQUEST = 0x1;
    static final int NLM_F_ACK = 0x4;
    static final int NLM_F_DUMP_INTR = 0x10;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_REPLACE = 0x100;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_CREATE = 0x400;
    static final int NLM_F_ACK_TLVS = 0x200;
    static final int NLMSGERR_ATTR_MSG = 1;
    private static final int LIST_TRIES = 5;
    private static final int REQUEST_BYTES = 4096;
    private static final int RESPONSE_BYTES = 64 * 1024;
    private static final Runtime RUNTIME = Runtime.getRuntime(LibC.INSTANCE);

    private final OffHeapRegion memory = OffHeapRegion.anonymous(REQUEST_BYTES + RESPONSE_BYTES);
    private final UnsafeBuffer response = memory.slice(REQUEST_BYTES, RESPONSE_BYTES);
    private final NetlinkMessage request = new NetlinkMessage(memory.slice(0, REQUEST_BYTES));
    private final int fd;
    private int sequence;
    private boolean interrupted;

    NetlinkSocket() {
        this(NETLINK_ROUTE);
    }

    /**
     * @param family of netlink.
     */
    NetlinkSocket(final int family) {
        fd = LibC.INSTANCE.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, family);
        if (fd < 0) {
            memory.close();
            throw new NativeException("socket", LastError.getLastError(RUNTIME), "AF_NETLINK", family);
        }
        // Both options only improve error messages; kernels before 4.12 lack them.
        enable(NETLINK_EXT_ACK);
        enable(NETLINK_CAP_ACK);
    }

    /** The request to fill. The socket has one, which is rewritten each time. */
    NetlinkMessage request() {
        return request;
    }

    /** A received message, valid during the call. */
    record Answer(int type, UnsafeBuffer buffer, int offset, int end) {
        /** Offset of the family header. */
        int body() {
            return offset + NetlinkMessage.HEADER_BYTES;
        }

        NetlinkAttributes attributes(final int familyHeaderBytes) {
            return new NetlinkAttributes(buffer, body() + BitUtil.align(familyHeaderBytes, 4), end);
        }
    }

    /**
     * Sends the request, and waits until the kernel has acknowledged it or finished its list.
     *
     * @param operation human-readable, for an exception.
     * @param consumer  receives every other message.
     * @throws NetlinkException when the kernel refuses.
     */
    void execute(final String operation, final Consumer<Answer> consumer) {
        final int length = request.end(++sequence);
        if (LibC.INSTANCE.send(fd, memory.address(), length, 0) < 0) {
            throw new NetlinkException(operation, LastError.getLastError(RUNTIME), "send");
        }
        boolean finished = false;
        while (!finished) {
            final long received = LibC.INSTANCE.recv(fd, memory.address() + REQUEST_BYTES, RESPONSE_BYTES, 0);
            if (received < 0) {
                throw new NetlinkException(operation, LastError.getLastError(RUNTIME), "recv");
            }
            finished = read(operation, (int) received, consumer);
        }
    }

    void execute(final String operation) {
        execute(operation, answer -> { });
    }

    /**
     * Sends the filled request and reads the list that answers it. It repeats this if the kernel reports that the list
     * changed meanwhile. After some tries it accepts the list as it is: each change also sends its own message.
     *
     * @param reader turns a message into an element, or null.
     */
    <T> List<T> list(final String operation, final Function<Answer, T> reader) {
        final List<T> elements = new ArrayList<>();
        int tries = 0;
        do {
            elements.clear();
            interrupted = false;
            execute(operation, answer -> {
                final T element = reader.apply(answer);
                if (element != null) {
                    elements.add(element);
                }
            });
        } while (interrupted && ++tries < LIST_TRIES);
        return elements;
    }

    private boolean read(final String operation, final int received, final Consumer<Answer> consumer) {
        int offset = 0;
        while (received - offset >= NetlinkMessage.HEADER_BYTES) {
            final int length = response.getInt(offset);
            if (length < NetlinkMessage.HEADER_BYTES || length > received - offset) {
                throw new IllegalStateException("netlink message of length " + length + " for " + operation);
            }
            if (response.getInt(offset + NetlinkMessage.SEQUENCE_FIELD_OFFSET) == sequence) {
                final int type = response.getShort(offset + NetlinkMessage.TYPE_FIELD_OFFSET) & 0xFFFF;
                interrupted |= (response.getShort(offset + NetlinkMessage.FLAGS_FIELD_OFFSET) & NLM_F_DUMP_INTR) != 0;
                // Both begin with the error's number; the end of an incomplete list has one too.
                if (type == NLMSG_ERROR || type == NLMSG_DONE) {
                    checkError(operation, offset, length);
                    return true;
                }
                consumer.accept(new Answer(type, response, offset, offset + length));
            }
            offset += BitUtil.align(length, 4);
        }
        return false;
    }

    /** An error message holds the negative error, the request's header, and perhaps the kernel's explanation. */
    private void checkError(final String operation, final int offset, final int length) {
        final int errno = length < NetlinkMessage.HEADER_BYTES + Integer.BYTES ? 0
            : -response.getInt(offset + NetlinkMessage.HEADER_BYTES);
        if (errno != 0) {
            final int flags = response.getShort(offset + NetlinkMessage.FLAGS_FIELD_OFFSET) & 0xFFFF;
            final int attributes = offset + 2 * NetlinkMessage.HEADER_BYTES + Integer.BYTES;
            final String detail = (flags & NLM_F_ACK_TLVS) == 0 ? ""
                : new NetlinkAttributes(response, attributes, offset + length).string(NLMSGERR_ATTR_MSG);
            throw new NetlinkException(operation, errno, detail);
        }
    }

    private void enable(final int option) {
        memory.slice(0, Integer.BYTES).putInt(0, 1);
        LibC.INSTANCE.setsockopt(fd, SOL_NETLINK, option, memory.address(), Integer.BYTES);
    }

    @Override
    public void close() {
        LibC.INSTANCE.close(fd);
        memory.close();
    }
}
