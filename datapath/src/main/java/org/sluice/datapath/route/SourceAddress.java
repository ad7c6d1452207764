package org.sluice.datapath.route;

/**
 * An address of the host's that packets may be masqueraded with.
 *
 * @param high       of the address, IPv4 mapped.
 * @param low        of the address.
 * @param length     of its subnet in bits; that of an IPv4 one is 96 more than usual.
 * @param subnetHigh an address in the subnet: the peer's on a point-to-point link, otherwise the address itself.
 * @param subnetLow  the low half.
 * @param wanted     whether it is temporary or public as its interface wants it (RFC 6724, 5, rule 7).
 */
public record SourceAddress(long high, long low, int length, long subnetHigh, long subnetLow, boolean wanted) {
}
