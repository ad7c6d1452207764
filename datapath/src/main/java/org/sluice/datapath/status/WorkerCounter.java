package org.sluice.datapath.status;

/** Counters of one forwarding worker. */
public enum WorkerCounter {
    BURSTS,
    COMMANDS,
    ERRORS,
    DEVICES_GONE,
    FDB_LEARNED,
    FDB_MOVED,
    FDB_AGED,
    /** A MAC was not learned: its port holds as many as it may. */
    FDB_PORT_LIMIT,
    /** A MAC was not learned: no place was left for it. */
    FDB_FULL,
    /** ARP requests, neighbour solicitations and pings that the gateway answered. */
    GATEWAY_REPLIES,
    CONNECTIONS_OPENED,
    /** Connections that were forgotten because their time was up or their endpoint had gone. */
    CONNECTIONS_EXPIRED,
    /** Connections that were ended by hand. */
    CONNECTIONS_FLUSHED,
    /** ICMP errors of the switch's own. */
    ICMP_ERRORS_SENT,
    /** Neighbours that control was asked for. */
    NEIGHBOURS_WANTED,
    /** ARP requests and neighbour solicitations that were answered for endpoints of an overlay network. */
    NEIGHBOUR_REPLIES
}
