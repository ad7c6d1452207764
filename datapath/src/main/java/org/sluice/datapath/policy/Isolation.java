package org.sluice.datapath.policy;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;

/**
 * Who may open a connection to whom, as docker has it: networks are kept apart, but for each other's published ports;
 * an internal network has no way out; from outside only published ports are reached; and where endpoints of one network
 * may not talk to each other they still reach each other's published ports.
 */
public final class Isolation {
    private Isolation() {
    }

    /**
     * @param ingress   an endpoint's port or an uplink.
     * @param target    the endpoint that the packet goes to, or null where it leaves by an uplink.
     * @param published whether it goes there by a published port.
     * @return why it may not, or null.
     */
    public static DropReason check(final Port ingress, final Port target, final boolean published) {
        if (ingress.isUplink()) {
            return published ? null : DropReason.NOT_PUBLISHED;
        }
        if (target == null) {
            return ingress.domain().policy().internal() ? DropReason.NETWORK_INTERNAL : null;
        }
        if (target.domain() != ingress.domain()) {
            return published && !ingress.domain().policy().internal() ? null : DropReason.NETWORK_ISOLATED;
        }
        return published || ingress.domain().policy().icc() ? null : DropReason.ICC_DISABLED;
    }
}
