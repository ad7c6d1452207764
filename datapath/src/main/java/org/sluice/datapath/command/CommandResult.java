package org.sluice.datapath.command;

/** A worker's answer to a command. */
public enum CommandResult {
    OK("done"),
    DOMAIN_ID_INVALID("the domain's number is out of range"),
    DOMAIN_EXISTS("the domain is there already"),
    DOMAIN_UNKNOWN("there is no such domain"),
    DOMAIN_IN_USE("the domain still has ports"),
    PORT_EXISTS("the port's index is in use"),
    PORT_UNKNOWN("there is no such port"),
    VNI_TAKEN("another network has the VNI"),
    MAC_IS_LOCAL("the MAC address is that of an endpoint of this host, or of the gateway"),
    DEVICE_MISSING("no device was laid down for the port"),
    FDB_FULL("the FDB has no place for the MAC address"),
    PORT_MAP_TAKEN("another port map has an address and port in common with it"),
    LIST_INCOMPLETE("parts of the list to install are missing; nothing has changed"),
    FAILED("the worker failed on it; its error log says how");

    private final String description;

    CommandResult(final String description) {
        this.description = description;
    }

    /** The meaning in words. */
    public String description() {
        return description;
    }
}
