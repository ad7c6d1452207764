package org.sluice.datapath.status;

/** Counters of one forwarding worker. */
public enum WorkerCounter {
    /** Bursts of frames carried through the stages. */
    BURSTS,
    /** Commands from control carried out or refused. */
    COMMANDS,
    /** Exceptions in the worker's loop; the error log has them. */
    ERRORS,
    /** Devices that went away under their ports, as a TAP does with its network namespace. */
    DEVICES_GONE,
    /** MAC addresses learned for the first time. */
    FDB_LEARNED,
    /** MAC addresses seen behind another port than before. */
    FDB_MOVED,
    /** Learned MAC addresses forgotten because they aged. */
    FDB_AGED,
    /** MAC addresses not learned, their port's share of the table used up. */
    FDB_PORT_LIMIT,
    /** MAC addresses not learned, table full. */
    FDB_FULL,
    /** ARP requests, neighbour solicitations and pings answered by the gateway. */
    GATEWAY_REPLIES,
    /** Connections added to the table. */
    CONNECTIONS_OPENED,
    /** Connections forgotten because they timed out or their endpoint had gone. */
    CONNECTIONS_EXPIRED,
    /** Connections ended by a command from control. */
    CONNECTIONS_FLUSHED,
    /** ICMP errors sent by the switch itself. */
    ICMP_ERRORS_SENT,
    /** Neighbours whose MAC address the worker asked control for. */
    NEIGHBOURS_WANTED,
    /** ARP requests and neighbour solicitations answered for endpoints of an overlay network. */
    NEIGHBOUR_REPLIES
}
