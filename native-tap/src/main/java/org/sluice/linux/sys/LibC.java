package org.sluice.linux.sys;

import jnr.ffi.LibraryLoader;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The system calls that Sluice makes, as libc functions bound through jnr-ffi. Pointers are raw addresses of off-heap
 * memory. Every function reports an error with a negative result and {@code errno}; {@link Linux} turns that into an
 * exception. Section 2 of the manual describes each. Any thread.
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
     * The real function has six parameters. jffi 1.4.3 passes garbage for the sixth of six; with a seventh, which the
     * callee ignores, it takes another code path and passes all of them correctly.
     */
    long mmap(long address, @size_t long length, int protection, int flags, int fd, long offset, long ignored);

    int munmap(long address, @size_t long length);

    /** bpf(2) has no function of its own in libc. */
    long syscall(long number, long command, long attributes, long size);

    @ssize_t long send(int fd, long address, @size_t long length, int flags);

    @ssize_t long recv(int fd, long address, @size_t long length, int flags);

    /** {@code message} is the address of a {@code struct msghdr}. */
    @ssize_t long recvmsg(int fd, long message, int flags);

    /** {@code messages} is the address of an array of {@code struct mmsghdr}; a {@code timeout} of 0 means none. */
    int recvmmsg(int fd, long messages, int count, int flags, long timeout);

    /** {@code messages} is the address of an array of {@code struct mmsghdr}. */
    int sendmmsg(int fd, long messages, int count, int flags);

    int connect(int fd, long address, int addressLength);

    int getsockname(int fd, long address, long addressLength);

    int setns(int fd, int type);

    /** Never fails; the result is the mask of before. */
    int umask(int mask);

    int epoll_create1(int flags);

    int epoll_ctl(int epollFd, int operation, int fd, long event);

    int epoll_wait(int epollFd, long events, int maxEvents, int timeoutMs);

    int eventfd(int initial, int flags);
}
