package org.sluice.datapath.protocol;

/** EtherTypes by their IANA numbers. */
public final class EtherType {
    public static final int IPV4 = 0x0800;
    public static final int ARP = 0x0806;
    public static final int VLAN = 0x8100;
    public static final int IPV6 = 0x86DD;
    /** IEEE 802.1ad service tag, the outer one of two. */
    public static final int SERVICE_VLAN = 0x88A8;

    private EtherType() {
    }

    public static boolean isVlan(final int etherType) {
        return etherType == VLAN || etherType == SERVICE_VLAN;
    }
}
