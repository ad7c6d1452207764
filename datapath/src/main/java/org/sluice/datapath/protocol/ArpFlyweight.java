package org.sluice.datapath.protocol;

/**
 * ARP for IPv4 over Ethernet (RFC 826).
 * <pre>
 *    0        2        4   5   6        8            14          18           24          28
 *   +--------+--------+---+---+--------+------------+-----------+------------+-----------+
 *   | htype  | ptype  |hln|pln| oper   | sender MAC | sender IP | target MAC | target IP |
 *   +--------+--------+---+---+--------+------------+-----------+------------+-----------+
 * </pre>
 */
public final class ArpFlyweight extends Flyweight {
    public static final int LENGTH = 28;
    public static final int REQUEST = 1;
    public static final int REPLY = 2;

    // Hardware type 1, protocol type 0x0800, lengths 6 and 4: the first six bytes of ARP for IPv4 over Ethernet.
    private static final long ETHERNET_IPV4 = 0x0001_0800_0604L;
    private static final int OPERATION_FIELD_OFFSET = 6;
    private static final int SENDER_MAC_FIELD_OFFSET = 8;
    private static final int SENDER_IP_FIELD_OFFSET = 14;
    private static final int TARGET_MAC_FIELD_OFFSET = 18;
    private static final int TARGET_IP_FIELD_OFFSET = 24;

    public ArpFlyweight wrap(final long address, final int available) {
        wrapAt(address, available);
        return this;
    }

    public boolean isEthernetIpv4() {
        return mac(0) == ETHERNET_IPV4;
    }

    public void ethernetIpv4() {
        mac(0, ETHERNET_IPV4);
    }

    public int operation() {
        return u16(OPERATION_FIELD_OFFSET);
    }

    public void operation(final int value) {
        u16(OPERATION_FIELD_OFFSET, value);
    }

    public long senderMac() {
        return mac(SENDER_MAC_FIELD_OFFSET);
    }

    public void senderMac(final long mac) {
        mac(SENDER_MAC_FIELD_OFFSET, mac);
    }

    public int senderIp() {
        return i32(SENDER_IP_FIELD_OFFSET);
    }

    public void senderIp(final int ip) {
        i32(SENDER_IP_FIELD_OFFSET, ip);
    }

    public long targetMac() {
        return mac(TARGET_MAC_FIELD_OFFSET);
    }

    public void targetMac(final long mac) {
        mac(TARGET_MAC_FIELD_OFFSET, mac);
    }

    public int targetIp() {
        return i32(TARGET_IP_FIELD_OFFSET);
    }

    public void targetIp(final int ip) {
        i32(TARGET_IP_FIELD_OFFSET, ip);
    }
}
