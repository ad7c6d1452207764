package org.sluice.datapath.route;

/** What a route does with its packets ({@code RTN_*} of Linux uapi/linux/rtnetlink.h). */
public enum RouteType {
    /** Sends them to a next hop. */
    UNICAST,
    /** Gives them to the host itself. */
    LOCAL,
    /** Drops them without a word. */
    BLACKHOLE,
    /** Tells the sender that the host is unreachable. */
    UNREACHABLE,
    /** Tells the sender that it is forbidden. */
    PROHIBIT,
    /** Ends the search in its table; the next rule decides. */
    THROW,
    /** A rule's verdict: tells the sender that the network is unreachable. */
    UNREACHABLE_BY_RULE,
    /** A rule's verdict where the switch does not understand the rule. */
    NOT_UNDERSTOOD
}
