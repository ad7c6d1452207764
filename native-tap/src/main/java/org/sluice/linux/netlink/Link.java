package org.sluice.linux.netlink;

/**
 * A network interface.
 *
 * @param index of the interface in its namespace.
 * @param mac   in the low 48 bits.
 * @param mtu   layer-3 bytes.
 * @param up    whether it is administratively up.
 * @param kind  of driver, such as "tun" or "veth"; empty for a real device.
 */
public record Link(int index, String name, long mac, int mtu, boolean up, String kind) {
}
