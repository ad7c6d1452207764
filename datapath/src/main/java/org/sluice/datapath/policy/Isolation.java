package org.sluice.datapath.policy;

import org.sluice.datapath.bridge.Port;
import org.sluice.datapath.buffer.DropReason;

/**
 * The rules for who may open a connection to whom, as in docker. Networks are isolated, except for each other's
 * published ports. An internal network has no route out. From outside, only published ports are reachable. Endpoints of
 * a network without inter-container communication still reach each other's published ports.
 */
public final class Isolation {
    private Isolation() {
    }

    /**
     * @param ingress   an endpoint's port or an uplink.
     * @param target    the endpoint that the packet goes to, or null if it leaves through an uplink.
     * @param published whether a published port leads it there.
     * @return why the connection is refused, or null.
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
