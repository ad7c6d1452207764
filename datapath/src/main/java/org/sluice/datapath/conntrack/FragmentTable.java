package org.sluice.datapath.conntrack;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

import org.sluice.datapath.buffer.FrameBatch;
import org.sluice.datapath.buffer.HeldFrames;
import org.sluice.datapath.buffer.PortIndex;

/**
 * Fragmented packets in progress. Only the first fragment has the ports: the decision for it applies to the others, in
 * any order of arrival. The table keeps fragments that arrive before the first one, up to a limit, and releases them
 * after it. A fragment that overlaps another ends its whole packet (RFC 5722). One whose bytes have all arrived before
 * is only dropped itself, as by the kernel (net/ipv4/inet_fragment.c). The last fragment says where the packet ends; a
 * fragment that contradicts it ends the packet too (net/ipv4/ip_fragment.c). The switch reassembles nothing: fragments
 * go on as they are.
 * <p>
 * Three limits bound it: packets in progress, kept fragments in all, and kept fragments of one packet. Without room,
 * a port with its share or more makes room among its own, and a port with less takes from the port with the most. So a
 * flood from one port does not harm the others, and needs no search for what gives way. A complete packet frees its
 * place. Owned by the worker.
 */
public final class FragmentTable implements AutoCloseable {
    /** Most packets in progress. */
    public static final int MAX_PACKETS = 256;
    /** Most kept fragments in all. */
    public static final int MAX_KEPT = 64;
    /** Most kept fragments of one packet: 64 KiB at an MTU of 1500 are 45. */
    public static final int MAX_KEPT_OF_PACKET = 48;

    /** How to handle a fragment. */
    public enum Outcome {
        /** The frame is no fragment. */
        WHOLE,
        /** The first fragment: the caller handles it like a whole packet, and passes the result to {@link #decide}. */
        FIRST,
        /** A later fragment whose first is decided: see {@link #decision}. */
        FOLLOWS,
        /** A later fragment; the table keeps a copy until the first one comes. */
        KEPT,
        DUPLICATE,
        OVERLAPS,
        /** It lies behind the end of its packet, or says that the packet ends elsewhere. */
        BEYOND_END,
        /** An earlier fragment of its packet was dropped, and the packet with it. */
        OF_DROPPED_PACKET,
        NO_ROOM
    }

    /** Decision: the packet goes to the host. Any other is {@link #DROP} or a connection's ref. */
    public static final long TO_HOST = -1;
    /** Decision: drop the packet. */
    public static final long DROP = -2;

    private static final long UNDECIDED = 0;
    private static final int BITMAP_WORDS = 128;
    private static final int NOT_FOUND = LinkedQueues.NONE;

    private final Fragment fragment = new Fragment();
    private final FragmentKeys keys;
    /** Packets of each port, the oldest first. */
    private final LinkedQueues packetsByAge = new LinkedQueues(MAX_PACKETS, PortIndex.LIMIT);
    private final int[] freePlaces = new int[MAX_PACKETS];
    private final boolean[] used = new boolean[MAX_PACKETS];
    /** One bit for each unit of eight bytes that has arrived. */
    private final long[][] seen = new long[MAX_PACKETS][BITMAP_WORDS];
    private final long[] deadlineNs = new long[MAX_PACKETS];
    private final long[] decision = new long[MAX_PACKETS];
    /** The protocol that the first fragment told, if the packet is decided. */
    private final int[] protocol = new int[MAX_PACKETS];
    private final int[] port = new int[MAX_PACKETS];
    private final int[] unitsSeen = new int[MAX_PACKETS];
    /** Length of the whole packet; 0 until its last fragment has arrived. */
    private final int[] unitsOfPacket = new int[MAX_PACKETS];
    /** The furthest unit that any fragment has reached, exclusive. */
    private final int[] furthestUnit = new int[MAX_PACKETS];
    private final int[] keptOfPacket = new int[MAX_PACKETS];
    private final int[] packetsOfPort = new int[PortIndex.LIMIT];
    private final int[] keptOfPort = new int[PortIndex.LIMIT];
    private final HeldFrames kept = new HeldFrames(MAX_KEPT);
    private final int[] keptFirstUnit = new int[MAX_KEPT];
    private final int[] keptUnits = new int[MAX_KEPT];
    private final long timeoutNs;
    private long decided;
    private int decidedProtocol;
    private int portsWithPackets;
    private int portsWithKept;
    private int usedCount;
    private int current = NOT_FOUND;
    private int lost;

    /** @param seed makes the places of packets unpredictable to their senders. */
    public FragmentTable(final ConntrackConfig config, final long seed) {
        keys = new FragmentKeys(MAX_PACKETS, seed);
        Arrays.setAll(freePlaces, place -> place);
        timeoutNs = TimeUnit.SECONDS.toNanos(config.timeoutsSeconds()[ConntrackTimeout.FRAGMENT.ordinal()]);
    }

    /**
     * Classifies frame {@code i}, whose tuple is noted.
     *
     * @param portIndex ingress port; fragments from different ports never belong to one packet.
     */
    public Outcome inspect(final FrameBatch batch, final int i, final int portIndex) {
        current = NOT_FOUND;
        if (!fragment.read(batch, i)) {
            return Outcome.WHOLE;
        }
        if (!fragment.isPossible()) {
            return Outcome.OVERLAPS;
        }
        current = keys.find(batch, i, fragment.identification(), portIndex);
        if (current != NOT_FOUND && deadlineNs[current] - batch.nowNs() <= 0) {
            end(current);
            current = NOT_FOUND;
        }
        if (current == NOT_FOUND) {
            current = begin(portIndex, batch.nowNs());
        }
        if (decision[current] == DROP) {
            return Outcome.OF_DROPPED_PACKET;
        }
        if (contradictsEnd()) {
            decision[current] = DROP;
            return Outcome.BEYOND_END;
        }
        final int unitsBefore = countSeen(fragment.firstUnit(), fragment.units());
        if (unitsBefore == fragment.units()) {
            return Outcome.DUPLICATE;
        }
        if (unitsBefore > 0) {
            decision[current] = DROP;
            return Outcome.OVERLAPS;
        }
        mark(fragment.firstUnit(), fragment.units());
        if (fragment.isLast()) {
            unitsOfPacket[current] = fragment.firstUnit() + fragment.units();
        }
        if (fragment.isFirst()) {
            return Outcome.FIRST;
        }
        if (decision[current] != UNDECIDED) {
            decided = decision[current];
            decidedProtocol = protocol[current];
            endIfComplete();
            return Outcome.FOLLOWS;
        }
        return keep(batch, i) ? Outcome.KEPT : Outcome.NO_ROOM;
    }

    /** The decision for the packet of the fragment inspected last, whose outcome was {@code FOLLOWS}. */
    public long decision() {
        return decided;
    }

    /** The protocol that its packet's first fragment told. */
    public int protocol() {
        return decidedProtocol;
    }

    /**
     * Sets the decision for the packet whose first fragment was inspected last: a connection's ref, or a constant.
     *
     * @param firstProtocol the protocol behind all extension headers.
     */
    public void decide(final long refOrDecision, final int firstProtocol) {
        decision[current] = refOrDecision;
        protocol[current] = firstProtocol;
        endIfComplete();
    }

    /** Whether the table keeps any fragment; its packet may be decided by now. */
    public boolean hasKept() {
        return kept.size() > 0;
    }

    /**
     * Appends kept fragments of decided packets to the batch, which are inspected again. They are valid until the next
     * call.
     */
    public void release(final FrameBatch batch) {
        for (int place = 0; place < MAX_KEPT && batch.hasRoom(); place++) {
            if (kept.isUsed(place) && decision[kept.tag(place)] != UNDECIDED) {
                batch.append(kept.address(place), kept.length(place));
                unmark(kept.tag(place), keptFirstUnit[place], keptUnits[place]);
                letGo(place);
            }
        }
    }

    /** Forgets packets whose time is up. Returns how many kept fragments were lost since the last call. */
    public int expire(final long nowNs) {
        for (int p = 0; p < MAX_PACKETS && usedCount > 0; p++) {
            if (used[p] && deadlineNs[p] - nowNs <= 0) {
                end(p);
            }
        }
        final int count = lost;
        lost = 0;
        return count;
    }

    /** How many packets are in progress. */
    public int size() {
        return usedCount;
    }

    private int begin(final int portIndex, final long nowNs) {
        if (usedCount == MAX_PACKETS) {
            end(packetsOfPort[portIndex] * portsWithPackets >= MAX_PACKETS ? packetsByAge.first(portIndex)
                : oldestOfHeaviest(packetsOfPort, false));
        }
        final int place = freePlaces[usedCount];
        used[place] = true;
        usedCount++;
        port[place] = portIndex;
        packetsByAge.append(portIndex, place);
        if (packetsOfPort[portIndex]++ == 0) {
            portsWithPackets++;
        }
        keys.add(place);
        unitsSeen[place] = 0;
        unitsOfPacket[place] = 0;
        furthestUnit[place] = 0;
        Arrays.fill(seen[place], 0);
        deadlineNs[place] = nowNs + timeoutNs;
        decision[place] = UNDECIDED;
        return place;
    }

    /** The oldest packet of the port that has the most by this count; on demand, only packets with kept fragments. */
    private int oldestOfHeaviest(final int[] countOfPort, final boolean withKept) {
        int found = NOT_FOUND;
        for (int p = 0; p < MAX_PACKETS; p++) {
            if (used[p] && (!withKept || keptOfPacket[p] > 0) && (found == NOT_FOUND
                || countOfPort[port[p]] > countOfPort[port[found]]
                || port[p] == port[found] && deadlineNs[p] - deadlineNs[found] < 0)) {
                found = p;
            }
        }
        return found;
    }

    private void endIfComplete() {
        if (unitsSeen[current] == unitsOfPacket[current] && keptOfPacket[current] == 0
            && decision[current] != UNDECIDED) {
            end(current);
        }
    }

    private void end(final int packet) {
        used[packet] = false;
        usedCount--;
        freePlaces[usedCount] = packet;
        keys.remove(packet);
        packetsByAge.remove(port[packet], packet);
        if (--packetsOfPort[port[packet]] == 0) {
            portsWithPackets--;
        }
        for (int place = 0; place < MAX_KEPT && keptOfPacket[packet] > 0; place++) {
            if (kept.isUsed(place) && kept.tag(place) == packet) {
                letGo(place);
                lost++;
            }
        }
    }

    private void letGo(final int place) {
        keptOfPacket[kept.tag(place)]--;
        if (--keptOfPort[port[kept.tag(place)]] == 0) {
            portsWithKept--;
        }
        kept.free(place);
    }

    private boolean contradictsEnd() {
        final int end = fragment.firstUnit() + fragment.units();
        final int known = unitsOfPacket[current];
        return fragment.isLast() ? end < furthestUnit[current] || known != 0 && end != known
            : known != 0 && end > known;
    }

    /** How many of these units have arrived before. */
    private int countSeen(final int firstUnit, final int units) {
        final long[] bitmap = seen[current];
        int count = 0;
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            count += (int) (bitmap[unit >>> 6] >>> unit & 1);
        }
        return count;
    }

    private void mark(final int firstUnit, final int units) {
        final long[] bitmap = seen[current];
        unitsSeen[current] += units;
        furthestUnit[current] = Math.max(furthestUnit[current], firstUnit + units);
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            bitmap[unit >>> 6] |= 1L << unit;
        }
    }

    private void unmark(final int packet, final int firstUnit, final int units) {
        final long[] bitmap = seen[packet];
        unitsSeen[packet] -= units;
        for (int unit = firstUnit; unit < firstUnit + units; unit++) {
            bitmap[unit >>> 6] &= ~(1L << unit);
        }
    }

    private boolean keep(final FrameBatch batch, final int i) {
        if (kept.size() == MAX_KEPT) {
            if (keptOfPort[port[current]] * portsWithKept >= MAX_KEPT) {
                return false;
            }
            final int heaviest = oldestOfHeaviest(keptOfPort, true);
            if (keptOfPort[port[heaviest]] <= keptOfPort[port[current]] + 1) {
                return false;
            }
            end(heaviest);
        }
        final int place = keptOfPacket[current] == MAX_KEPT_OF_PACKET ? HeldFrames.NONE
            : kept.hold(batch, i, current);
        if (place == HeldFrames.NONE) {
            return false;
        }
        keptFirstUnit[place] = fragment.firstUnit();
        keptUnits[place] = fragment.units();
        keptOfPacket[current]++;
        if (keptOfPort[port[current]]++ == 0) {
            portsWithKept++;
        }
        return true;
    }

    @Override
    public void close() {
        keys.close();
        kept.close();
    }
}
