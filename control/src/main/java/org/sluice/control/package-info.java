/**
 * The daemon. {@link org.sluice.control.Daemon#start} makes every part, in the order in which they need each other;
 * {@code open} and {@code follow} read as a table of contents.
 * <p>
 * Threads: {@code control} makes every change of the desired state and of the switch; one {@code worker-N} for each
 * worker forwards. HTTP, Docker's calls, the watch of the kernel and the proxy have threads of their own and hand over
 * to {@code control}.
 */
package org.sluice.control;
