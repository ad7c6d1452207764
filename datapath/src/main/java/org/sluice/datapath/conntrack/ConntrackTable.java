package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;

/**
 * All connections of one worker, of both families, found by the tuple of either direction.
 * <p>
 * The index has two slots a connection, one for each direction. A slot may stand in one of two buckets of eight, a
 * cache line each, chosen by a seeded hash; with it stands a part of the hash, so that a look-up that finds nothing
 * never touches a connection. There are no tombstones and no chains.
 * <p>
 * <b>Bounds.</b> When the table is full, or an endpoint holds as many connections as it may, one that was never
 * answered is dropped early for the newcomer, as the kernel does; if none is found in a few tries there is no room.
 * A connection whose time is up, or whose endpoint has gone, is dead at once, and cleared when it is met or swept.
 * <p>
 * The region may be a mapped file: the worker of a restarted daemon takes the connections up. The worker owns the table
 * and is the only writer; {@link ConntrackReader} reads beside it.
 */
public final class ConntrackTable {
    /** No connection. */
    public static final long NONE = 0;

    private static final int EARLY_DROP_TRIES = 64;

    private final ConntrackLayout layout;
    private final PortGenerations generations;
    private final int perPortLimit;
    private final long seed;
    private final int bucketMask;
    private final long bucketsAddress;
    private final long connectionsAddress;
    private final int[] portConnections = new int[PortIndex.LIMIT];
    private long freeList = NONE;
    private int earlyDropCursor;
    private int sweepCursor;
    private int live;
    private long removals;

    /**
     * @param region of {@link #regionBytes} bytes; a table that it holds is taken up if it is of the same capacity.
     * @param seed   for a new table: makes the places of entries unpredictable to those who send packets.
     * @param nowNs  the worker's clock; connections that ended before it are forgotten.
     */
    public ConntrackTable(final OffHeapRegion region, final ConntrackConfig config, final long seed,
                          final long nowNs) {
        final boolean present = ConntrackLayout.isPresent(region, config.capacity());
        layout = present ? new ConntrackLayout(region.address())
            : ConntrackLayout.format(region, config.capacity(), seed);
        generations = layout.generations();
        perPortLimit = config.perPortLimit();
        this.seed = layout.seed();
        bucketMask = layout.bucketCount() - 1;
        bucketsAddress = layout.bucket(0);
        connectionsAddress = layout.connection(0);
        if (present) {
            takeUp(nowNs);
        }
    }

    public static long regionBytes(final int capacity) {
        return ConntrackLayout.regionBytes(capacity);
    }

    public long hash(final long tuple) {
        return FlowTuple.hash(tuple, seed);
    }

    /** Loads the cache line where a look-up will begin; the value is of no use. */
    public long touch(final long hash) {
        return UnsafeApi.getLong(firstBucket(hash));
    }

    /**
     * What is most likely the connection for a hash, as a ref, without looking at it; or {@link #NONE}: then
     * {@link #find} may still find one.
     */
    public long candidate(final long hash) {
        final int reference = match(firstBucket(hash), hash);
        return reference == 0 ? NONE : refOf(reference);
    }

    /** Loads all cache lines of a candidate; the value is of no use. */
    public static long touchConnection(final long ref) {
        final long connection = Connection.ofRef(ref);
        return UnsafeApi.getByte(connection) + UnsafeApi.getByte(connection + 64) + UnsafeApi.getByte(connection + 128);
    }

    /** Whether a candidate is the connection and direction of this tuple. */
    public static boolean isOf(final long ref, final long tuple) {
        return FlowTuple.equal(Connection.tuple(Connection.ofRef(ref), Connection.directionOfRef(ref)), tuple);
    }

    /**
     * The connection and direction that packets of this tuple belong to, as a ref, or {@link #NONE}. It may be dead:
     * see {@link #isAlive}.
     */
    public long find(final long tuple, final long hash) {
        final long ref = candidate(hash);
        return ref != NONE && isOf(ref, tuple) ? ref : findElsewhere(tuple, hash);
    }

    /** Whether the connection's time is not up and its endpoints are still there. */
    public boolean isAlive(final long connection, final long nowNs) {
        return Connection.deadlineNs(connection) - nowNs > 0 && generations.isCurrent(Connection.ownerA(connection))
            && generations.isCurrent(Connection.ownerB(connection));
    }

    /**
     * Whether it is alive and packets of the direction come from this owner, who is there.
     *
     * @param owner as {@link #ownerOf} gives it, or 0 for nobody.
     */
    public boolean isAliveFrom(final long connection, final int direction, final int owner, final long nowNs) {
        return Connection.deadlineNs(connection) - nowNs > 0 && Connection.sourceOwner(connection, direction) == owner
            && generations.isCurrent(Connection.sourceOwner(connection, 1 - direction));
    }

    /** A live connection for the tuple, in either direction, or {@link #NONE}; a dead one that is met is removed. */
    public long findAlive(final long tuple, final long nowNs) {
        final long ref = find(tuple, hash(tuple));
        if (ref == NONE || isAlive(Connection.ofRef(ref), nowNs)) {
            return ref;
        }
        remove(Connection.ofRef(ref));
        return NONE;
    }

    /** Whether the owner of the port, if it is one, may take part in one more connection. */
    public boolean hasRoomFor(final int portIndex, final long nowNs) {
        return portIndex < 0 || portConnections[portIndex] < perPortLimit
            || dropEarly(generations.ownerOf(portIndex), nowNs);
    }

    /** Connections that the port's endpoint takes part in. */
    public int connectionsOf(final int portIndex) {
        return portConnections[portIndex];
    }

    /** Connections that the endpoints of this one take part in; the greater number of the two. */
    public int ownersConnections(final long connection) {
        return Math.max(ownerConnections(Connection.ownerA(connection)),
            ownerConnections(Connection.ownerB(connection)));
    }

    /**
     * Makes a connection; neither tuple may be in the table.
     *
     * @param portA of the endpoint that ORIGINAL packets come from, or -1.
     * @param portB of the endpoint that they go to, or -1.
     * @return its address, or {@link #NONE} when there is no room.
     */
    public long create(final long original, final long reply, final int portA, final int portB, final int statusBits,
                       final long deadlineNs, final long nowNs) {
        long connection = allocate();
        if (connection == NONE && dropEarly(0, nowNs)) {
            connection = allocate();
        }
        if (connection == NONE) {
            return NONE;
        }
        UnsafeApi.setMemory(connection, Connection.BYTES, (byte) 0);
        FlowTuple.copy(original, Connection.tuple(connection, Connection.ORIGINAL));
        FlowTuple.copy(reply, Connection.tuple(connection, Connection.REPLY));
        Connection.owners(connection, portA < 0 ? 0 : generations.ownerOf(portA),
            portB < 0 ? 0 : generations.ownerOf(portB));
        Connection.deadlineNs(connection, deadlineNs);
        if (!index(connection, Connection.ORIGINAL)) {
            release(connection);
            return NONE;
        }
        if (!index(connection, Connection.REPLY)) {
            unindex(connection, Connection.ORIGINAL);
            release(connection);
            return NONE;
        }
        count(connection, 1);
        layout.live(++live);
        Connection.status(connection, Connection.IN_USE | statusBits);
        return connection;
    }

    /** The owner number of whom is behind the port now. */
    public int ownerOf(final int portIndex) {
        return generations.ownerOf(portIndex);
    }

    /** From now on the connection is dead. */
    public void expire(final long connection, final long nowNs) {
        Connection.deadlineNs(connection, nowNs);
    }

    /** Ends a connection. */
    public void remove(final long connection) {
        removals++;
        unindex(connection, Connection.ORIGINAL);
        unindex(connection, Connection.REPLY);
        count(connection, -1);
        layout.live(--live);
        release(connection);
    }

    /** Ends all connections of the port's endpoint. */
    public void removePort(final int portIndex) {
        generations.next(portIndex);
        portConnections[portIndex] = 0;
    }

    /**
     * Clears dead connections out of the next few.
     *
     * @return how many.
     */
    public int sweep(final int connections, final long nowNs) {
        final int highWater = layout.highWater();
        int cleared = 0;
        for (int n = Math.min(connections, highWater); n > 0; n--) {
            sweepCursor = sweepCursor + 1 < highWater ? sweepCursor + 1 : 0;
            final long connection = layout.connection(sweepCursor);
            if (Connection.has(connection, Connection.IN_USE) && !isAlive(connection, nowNs)) {
                remove(connection);
                cleared++;
            }
        }
        return cleared;
    }

    /** Connections with numbers from 0 to below this may be in use. */
    public int highWater() {
        return layout.highWater();
    }

    /** The connection of that number, if it is in use, or {@link #NONE}. */
    public long byNumber(final int number) {
        final long connection = layout.connection(number);
        return Connection.has(connection, Connection.IN_USE) ? connection : NONE;
    }

    /** Counts removals: as long as it stays the same, a ref that was found is good. */
    public long removals() {
        return removals;
    }

    /** How many there are, dead ones that were not met yet among them. */
    public int size() {
        return live;
    }

    /** Builds anew all that a crash may have left half done: the index, the list of free entries, the counts. */
    private void takeUp(final long nowNs) {
        layout.clearIndex();
        for (int number = 0; number < layout.highWater(); number++) {
            final long connection = layout.connection(number);
            if (Connection.has(connection, Connection.IN_USE) && isAlive(connection, nowNs)
                && index(connection, Connection.ORIGINAL)) {
                if (index(connection, Connection.REPLY)) {
                    // The next hops' handles are of that life too.
                    Connection.nextHop(connection, Connection.ORIGINAL, 0, 0);
                    Connection.nextHop(connection, Connection.REPLY, 0, 0);
                    count(connection, 1);
                    live++;
                    continue;
                }
                unindex(connection, Connection.ORIGINAL);
            }
            release(connection);
        }
        layout.live(live);
    }

    private long allocate() {
        final long free = freeList;
        if (free != NONE) {
            freeList = UnsafeApi.getLong(free);
            return free;
        }
        final int number = layout.highWater();
        if (number == layout.capacity()) {
            return NONE;
        }
        final long connection = layout.connection(number);
        Connection.status(connection, 0);
        layout.highWater(number + 1);
        return connection;
    }

    private void release(final long connection) {
        Connection.status(connection, 0);
        UnsafeApi.putLong(connection, freeList);
        freeList = connection;
    }

    private void count(final long connection, final int change) {
        countOwner(Connection.ownerA(connection), change);
        countOwner(Connection.ownerB(connection), change);
    }

    private int ownerConnections(final int owner) {
        return owner == 0 ? 0 : portConnections[PortGenerations.indexOf(owner)];
    }

    private void countOwner(final int owner, final int change) {
        if (owner != 0 && generations.isCurrent(owner)) {
            portConnections[PortGenerations.indexOf(owner)] += change;
        }
    }

    /**
     * Removes a connection that is dead or was never answered.
     *
     * @param owner whose it must be, or 0 for anyone's.
     */
    private boolean dropEarly(final int owner, final long nowNs) {
        final int highWater = layout.highWater();
        for (int tries = Math.min(EARLY_DROP_TRIES, highWater); tries > 0; tries--) {
            earlyDropCursor = earlyDropCursor + 1 < highWater ? earlyDropCursor + 1 : 0;
            final long connection = layout.connection(earlyDropCursor);
            if (Connection.has(connection, Connection.IN_USE)
                && (owner == 0 || Connection.ownerA(connection) == owner || Connection.ownerB(connection) == owner)
                && (!Connection.has(connection, Connection.ASSURED) || !isAlive(connection, nowNs))) {
                remove(connection);
                return true;
            }
        }
        return false;
    }

    private boolean index(final long connection, final int direction) {
        final long hash = hash(Connection.tuple(connection, direction));
        long slot = freeSlot(firstBucket(hash));
        if (slot == 0) {
            slot = freeSlot(secondBucket(hash));
        }
        if (slot == 0) {
            slot = makeRoom(firstBucket(hash));
        }
        if (slot == 0) {
            return false;
        }
        final long reference = (long) (layout.numberOf(connection) + 1) << 1 | direction;
        UnsafeApi.putLong(slot, hash & 0xFFFF_FFFF_0000_0000L | reference);
        return true;
    }

    /** Moves one of a full bucket's references to its other bucket; returns the slot that is then free, or 0. */
    private long makeRoom(final long bucket) {
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            final long at = bucket + (long) slot * Long.BYTES;
            final long value = UnsafeApi.getLong(at);
            final long ref = refOf((int) value);
            final long hash = hash(Connection.tuple(Connection.ofRef(ref), Connection.directionOfRef(ref)));
            final long other = firstBucket(hash) == bucket ? secondBucket(hash) : firstBucket(hash);
            final long free = freeSlot(other);
            if (free != 0) {
                UnsafeApi.putLong(free, value);
                UnsafeApi.putLong(at, 0);
                return at;
            }
        }
        return 0;
    }

    private void unindex(final long connection, final int direction) {
        final long hash = hash(Connection.tuple(connection, direction));
        final long reference = (long) (layout.numberOf(connection) + 1) << 1 | direction;
        final long value = hash & 0xFFFF_FFFF_0000_0000L | reference;
        if (!clearSlot(firstBucket(hash), value)) {
            clearSlot(secondBucket(hash), value);
        }
    }

    private static long freeSlot(final long bucket) {
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            if (UnsafeApi.getLong(bucket + (long) slot * Long.BYTES) == 0) {
                return bucket + (long) slot * Long.BYTES;
            }
        }
        return 0;
    }

    private static boolean clearSlot(final long bucket, final long value) {
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            if (UnsafeApi.getLong(bucket + (long) slot * Long.BYTES) == value) {
                UnsafeApi.putLong(bucket + (long) slot * Long.BYTES, 0);
                return true;
            }
        }
        return false;
    }

    /** The last reference in the bucket that may be of this hash; looked for without a branch for each slot. */
    private static int match(final long bucket, final long hash) {
        final int fingerprint = (int) (hash >>> 32);
        int reference = 0;
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            final long value = UnsafeApi.getLong(bucket + (long) slot * Long.BYTES);
            reference = (int) (value >>> 32) == fingerprint ? (int) value : reference;
        }
        return reference;
    }

    /** In the second bucket, or behind another tuple with the same fingerprint. */
    private long findElsewhere(final long tuple, final long hash) {
        final long ref = findAmong(firstBucket(hash), tuple, hash);
        return ref != NONE ? ref : findAmong(secondBucket(hash), tuple, hash);
    }

    private long findAmong(final long bucket, final long tuple, final long hash) {
        if (match(bucket, hash) == 0) {
            return NONE; // the usual case of a miss, without a branch for each slot
        }
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            final long value = UnsafeApi.getLong(bucket + (long) slot * Long.BYTES);
            if ((int) value != 0 && (value ^ hash) >>> 32 == 0) {
                final long ref = refOf((int) value);
                if (isOf(ref, tuple)) {
                    return ref;
                }
            }
        }
        return NONE;
    }

    private long refOf(final int reference) {
        return connectionsAddress + (long) ((reference >>> 1) - 1) * Connection.BYTES | reference & 1;
    }

    private long firstBucket(final long hash) {
        return bucketsAddress + ((hash & bucketMask) << ConntrackLayout.BUCKET_SHIFT);
    }

    private long secondBucket(final long hash) {
        return bucketsAddress + ((Long.rotateRight(hash, 20) & bucketMask) << ConntrackLayout.BUCKET_SHIFT);
    }
}
