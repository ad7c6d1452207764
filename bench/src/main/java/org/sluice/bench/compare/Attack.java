package org.sluice.bench.compare;

import java.util.Locale;

/** What one container, or one client of a published port, sends to slow the others down. */
enum Attack {
    TINY_SEGMENTS("super-frames to cut into single bytes", "tiny", 0, Aim.OUTSIDE),
    BROADCAST_SUPER("64 KiB broadcast super-frames", "super", 0, Aim.BROADCAST),
    BROADCAST_PACED("3000 broadcasts a second", "udp", 3000, Aim.BROADCAST),
    BROADCAST("broadcasts", "udp", 0, Aim.BROADCAST),
    UNKNOWN_UNICAST("frames for an unknown MAC address", "udp", 0, Aim.UNKNOWN),
    TCP_CONNECTIONS("new TCP connections to outside", "syns", 0, Aim.OUTSIDE),
    UDP_CONNECTIONS("new UDP connections to outside", "flows", 0, Aim.OUTSIDE),
    FRAGMENTS("fragments of packets that never end", "fragments", 0, Aim.OUTSIDE),
    PUBLISHED_PORT("new TCP connections to a published port", "syns", 0, Aim.PUBLISHED);

    /** Where the frames go. The client of a published port is outside; every other attacker is a container. */
    enum Aim { OUTSIDE, BROADCAST, UNKNOWN, PUBLISHED }

    private final String title;
    private final String kind;
    private final int rate;
    private final Aim aim;

    Attack(final String title, final String kind, final int rate, final Aim aim) {
        this.title = title;
        this.kind = kind;
        this.rate = rate;
        this.aim = aim;
    }

    /** Its name on the command line. */
    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String title() {
        return title;
    }

    /** The kind of frame, as {@code attack.c} calls it. */
    String kind() {
        return kind;
    }

    /** Frames a second; 0 is as fast as one thread can. */
    int rate() {
        return rate;
    }

    Aim aim() {
        return aim;
    }
}
