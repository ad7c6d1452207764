package org.sluice.datapath.conntrack;

/**
 * After how long without a packet a connection is forgotten, by its state; the values are the kernel's
 * (nf_conntrack_*_timeout). The first ten are the {@link TcpState}s in their order.
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
    /** UDP with packets both ways. */
    UDP_STREAM(120),
    /** Echoes, both families. */
    ICMP(30),
    SCTP(210),
    /** Any other protocol. */
    GENERIC(600),
    /** Fragments of a packet, from the first that came. */
    FRAGMENT(30);

    private final int defaultSeconds;

    ConntrackTimeout(final int defaultSeconds) {
        this.defaultSeconds = defaultSeconds;
    }

    public int defaultSeconds() {
        return defaultSeconds;
    }
}
