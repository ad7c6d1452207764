package org.sluice.linux.sys;

/** Numbers of the socket API that several classes need (socket(2), setsockopt(2)). */
public final class Sockets {
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;
    public static final int SOCK_DGRAM = 2;
    public static final int SOL_SOCKET = 1;
    public static final int SOL_IP = 0;
    public static final int SOL_IPV6 = 41;
    public static final int IPV6_V6ONLY = 26;

    private Sockets() {
    }
}
