/**
 * Serves published ports to processes of the host itself, whose packets never cross an uplink. Start with
 * {@link org.sluice.control.proxy.HostProxy}.
 * <p>
 * The control thread publishes ports and takes them back; connections live on one event loop of Netty's. The two
 * threads meet in {@code ProxyTargets} and {@code ProxySessions}.
 */
package org.sluice.control.proxy;
