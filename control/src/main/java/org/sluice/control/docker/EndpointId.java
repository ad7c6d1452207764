package org.sluice.control.docker;

/** An endpoint as Docker names it: by its network's id and its own. */
record EndpointId(String network, String endpoint) {
}
