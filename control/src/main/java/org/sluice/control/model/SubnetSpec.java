package org.sluice.control.model;

import java.net.InetAddress;

/**
 * One subnet of a network, of either family.
 *
 * @param gateway in the subnet; the host port and the switch itself hold it.
 * @param ipRange where addresses are handed out: the subnet or a part of it.
 */
public record SubnetSpec(IpPrefix subnet, InetAddress gateway, IpPrefix ipRange) {
}
