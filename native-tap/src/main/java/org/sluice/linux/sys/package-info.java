/**
 * The C library and what each system call needs. {@link org.sluice.linux.sys.LibC} has the functions, through jnr-ffi;
 * {@code Linux} checks their results, and {@link org.sluice.linux.sys.NativeException} names the call that failed,
 * with its errno. Descriptors, epoll and network namespaces are built on them. A class says which thread may use it;
 * {@code LibC} and {@code Linux} serve all. Start with {@link org.sluice.linux.sys.NetNamespace}, a small example of
 * the style.
 */
package org.sluice.linux.sys;
