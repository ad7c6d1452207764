package org.sluice.datapath.conntrack;

/**
 * How long a connection lives without a packet, by its state. The values are the kernel's (nf_conntrack_*_timeout). The
 * first ten are the {@link TcpState}s in their order.
 */
public enum ConntrackTimeout {
    TCP_NONE(10),
    TCP_SYN_SENT(120),
    TCP_SYN_RECV(60),
    TCP_ESTABLISHED(432_000),
    TCP_FIN_WAIT(120),
    TCP_CLOSE_WAIT(60),
    TCP_LAST_ACK(30),
    TCP_TIME_WAIT(120),
    TCP_CLOSE(10),
    TCP_SYN_SENT2(120),
    /** TCP with several retransmissions, or with a closed window. */
    TCP_MAX_RETRANS(300),
    /** TCP with data that was never acknowledged. */
    TCP_UNACKNOWLEDGED(300),
    UDP(30),
    /** UDP with packets both ways for more than two seconds. */
    UDP_STREAM(120),
    /** Echoes of both families. */
    ICMP(30),
    SCTP(210),
    /** Any other protocol. */
    GENERIC(600),
    /** Fragments of a packet, counted from the first fragment that arrived. */
    FRAGMENT(30);

    private final int defaultSeconds;

    ConntrackTimeout(final int defaultSeconds) {
        this.defaultSeconds = defaultSeconds;
    }

    public int defaultSeconds() {
        return defaultSeconds;
    }
}
