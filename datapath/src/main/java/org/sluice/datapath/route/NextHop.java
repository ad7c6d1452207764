package org.sluice.datapath.route;

import org.agrona.UnsafeApi;

import org.sluice.datapath.protocol.NetworkOrder;

/**
 * The last step of a packet out of the switch: a port, and the Ethernet header that the packet leaves with. Each
 * endpoint has one, and so has each neighbour of an uplink. Owned by the worker.
 */
public final class NextHop {
    private final int handle;
    private final int portIndex;
    private int mtu;
    private long sourceMac;
    private final long high;
    private final long low;
    private long firstWord;
    private int secondWord;
    private long mac;
    private boolean resolved;
    private int lastUsedSeconds;
    private int lastAskedSeconds = Integer.MIN_VALUE;

    /**
     * @param handle    the number that finds it; another neighbour in the same place gets another one.
     * @param mtu       layer-3 bytes.
     * @param sourceMac of the frames.
     * @param high      half of the neighbour's address; meaningless for an endpoint.
     * @param low       the other half.
     */
    NextHop(final int handle, final int portIndex, final int mtu, final long sourceMac, final long high,
            final long low) {
        this.handle = handle;
        this.portIndex = portIndex;
        this.mtu = mtu;
        this.sourceMac = sourceMac;
        this.high = high;
        this.low = low;
    }

    /** Sets the MAC address that frames go to from now on. */
    void resolve(final long destinationMac) {
        mac = destinationMac;
        // The twelve bytes of both addresses as in a frame, in two words.
        firstWord = NetworkOrder.toHost(destinationMac << 16 | sourceMac >>> 32);
        secondWord = NetworkOrder.toHost((int) sourceMac);
        resolved = true;
    }

    /** Sets how frames leave by the port from now on. */
    void leaveWith(final int newMtu, final long newSourceMac) {
        mtu = newMtu;
        sourceMac = newSourceMac;
        if (resolved) {
            resolve(mac);
        }
    }

    void unresolve() {
        resolved = false;
    }

    public int handle() {
        return handle;
    }

    public int portIndex() {
        return portIndex;
    }

    public int mtu() {
        return mtu;
    }

    public boolean isResolved() {
        return resolved;
    }

    /** MAC address of the neighbour; 0 until it is known. */
    public long mac() {
        return mac;
    }

    public long high() {
        return high;
    }

    public long low() {
        return low;
    }

    /** When a packet last used this hop, in the worker's seconds. */
    public int lastUsedSeconds() {
        return lastUsedSeconds;
    }

    /** Whether it is time to ask for the MAC address: once a second is enough. */
    boolean isToBeAskedFor(final int nowSeconds) {
        final boolean due = nowSeconds != lastAskedSeconds;
        lastAskedSeconds = nowSeconds;
        return due;
    }

    /** Writes a frame's destination and source MAC. */
    public void writeMacs(final long frame, final int nowSeconds) {
        UnsafeApi.putLong(frame, firstWord);
        UnsafeApi.putInt(frame + Long.BYTES, secondWord);
        lastUsedSeconds = nowSeconds;
    }
}
