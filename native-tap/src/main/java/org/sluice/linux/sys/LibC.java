package org.sluice.linux.sys;

import jnr.ffi.LibraryLoader;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The system calls that Sluice makes, as libc offers them, bound by jnr-ffi. Pointers are raw addresses of off-heap
 * memory. Every function reports an error by a negative result and {@code errno}; {@link Linux} turns that into an
 * exception. See the manual page of each in section 2.
 */
@SuppressWarnings("checkstyle:MethodName")
public interface LibC {
    LibC INSTANCE = LibraryLoader.create(LibC.class).load("c");

    int open(String path, int flags);

    int close(int fd);

    @ssize_t long read(int fd, long address, @size_t long length);

    @ssize_t long write(int fd, long address, @size_t long length);

    /** {@code vectors} is the address of an array of {@code struct iovec}. */
    @ssize_t long writev(int fd, long vectors, int count);

    int ioctl(int fd, long request, long argument);

    int socket(int domain, int type, int protocol);

    int setsockopt(int fd, int level, int name, long value, int valueLength);

    int getsockopt(int fd, int level, int name, long value, long valueLength);

    int bind(int fd, long address, int addressLength);

    /**
     * The real one has six parameters. jffi 1.4.3 passes garbage for the sixth of six; with a seventh, which the callee
     * never looks at, it goes another way and passes all as they are.
     */
    long mmap(long address, @size_t long length, int protection, int flags, int fd, long offset, long ignored);

    int munmap(long address, @size_t long length);

    /** bpf(2) has no function of its own in libc. */
    long syscall(long number, long command, long attributes, long size);

    @ssize_t long send(int fd, long address, @size_t long length, int flags);

    @ssize_t long recv(int fd, long address, @size_t long length, int flags);

    /** {@code message} is the address of a {@code struct msghdr}. */
    @ssize_t long recvmsg(int fd, long message, int flags);

    /** {@code messages} is the address of an array of {@code struct mmsghdr}; there is no timeout where it is 0. */
    int recvmmsg(int fd, long messages, int count, int flags, long timeout);

    /** {@code messages} is the address of an array of {@code struct mmsghdr}. */
    int sendmmsg(int fd, long messages, int count, int flags);

    int connect(int fd, long address, int addressLength);

    int getsockname(int fd, long address, long addressLength);

    int setns(int fd, int type);

    int epoll_create1(int flags);

    int epoll_ctl(int epollFd, int operation, int fd, long event);

    int epoll_wait(int epollFd, long events, int maxEvents, int timeoutMs);

    int eventfd(int initial, int flags);
}
