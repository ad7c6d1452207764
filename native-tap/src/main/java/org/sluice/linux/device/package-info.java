/**
 * The devices that a worker receives from and sends to, as the datapath's {@code PacketDevice}: a TAP
 * ({@link org.sluice.linux.device.TapDevice}), an uplink's packet socket
 * ({@link org.sluice.linux.device.UplinkDevice}), a tunnel's UDP socket
 * ({@link org.sluice.linux.device.UdpTunnelDevice}) and its TAP ({@link org.sluice.linux.device.TunnelTap}). The
 * control thread opens and closes a device; in between the worker that has its port owns it.
 * {@link org.sluice.linux.device.EpollPoller} lets an idle worker sleep until a device has packets. Start with
 * {@code TapDevice}.
 */
package org.sluice.linux.device;
