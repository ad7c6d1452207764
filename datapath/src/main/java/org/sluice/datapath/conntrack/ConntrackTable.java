package org.sluice.datapath.conntrack;

import org.agrona.UnsafeApi;

import org.sluice.datapath.buffer.OffHeapRegion;
import org.sluice.datapath.buffer.PortIndex;

/**
 * All connections of one worker, of both families. The tuple of either direction finds a connection.
 * <p>
 * The index has two slots a connection, one for each direction. A seeded hash chooses two buckets for a slot, each of
 * eight slots in one cache line. A slot holds a part of the hash, so that a failed look-up never touches a connection.
 * The table has no tombstones and no chains.
 * <p>
 * <b>Bounds.</b> When the table is full, the connection of the least {@link Worth} gives way to the new one, the oldest
 * first. When an endpoint has used up its share, one of its own gives way. Established ones never do; then the new
 * connection has no room. A connection is dead as soon as its time is up or its endpoint has gone; the table removes it
 * when a look-up or the sweep meets it.
 * <p>
 * The region may be a mapped file: the worker of a restarted daemon resumes its connections. Owned by the worker, the
 * only writer; {@link ConntrackReader} reads at the same time.
 */
public final class ConntrackTable {
    /** No connection. */
    public static final long NONE = 0;

    private final ConntrackLayout layout;
    private final PortGenerations generations;
    private final int perPortLimit;
    private final long seed;
    private final int bucketMask;
    private final long bucketsAddress;
    private final long connectionsAddress;
    /** Connections of each endpoint, but those that are closed. */
    private final int[] portConnections = new int[PortIndex.LIMIT];
    private final EvictionQueues queues;
    private final ClaimedTuples claims = new ClaimedTuples();
    private long freeList = NONE;
    private int sweepCursor;
    private int live;
    private long removals;

    /**
     * @param region of {@link #regionBytes} bytes; if it holds a table of the same capacity, this one resumes it.
     * @param seed   for a new table; makes the places of entries unpredictable to senders of packets.
     * @param nowNs  time on the worker's clock; connections that ended earlier are forgotten.
     */
    public ConntrackTable(final OffHeapRegion region, final ConntrackConfig config, final long seed,
                          final long nowNs) {
        final boolean present = ConntrackLayout.isPresent(region, config.capacity());
        layout = present ? new ConntrackLayout(region.address())
            : ConntrackLayout.format(region, config.capacity(), seed);
        generations = layout.generations();
        perPortLimit = config.perPortLimit();
        queues = new EvictionQueues(config.capacity());
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

    /** Loads the cache line where a look-up begins; the value has no meaning. */
    public long touch(final long hash) {
        return UnsafeApi.getLong(firstBucket(hash));
    }

    /**
     * The most likely connection for a hash, as a ref, without reading the connection itself; or {@link #NONE}.
     * {@link #find} may find one even then.
     */
    public long candidate(final long hash) {
        final int reference = match(firstBucket(hash), hash);
        return reference == 0 ? NONE : refOf(reference);
    }

    /** Loads all cache lines of a candidate; the value has no meaning. */
    public static long touchConnection(final long ref) {
        final long connection = Connection.ofRef(ref);
        return UnsafeApi.getByte(connection) + UnsafeApi.getByte(connection + 64) + UnsafeApi.getByte(connection + 128);
    }

    /** Whether a candidate is this tuple's connection and direction. */
    public static boolean isOf(final long ref, final long tuple) {
        return FlowTuple.equal(Connection.tuple(Connection.ofRef(ref), Connection.directionOfRef(ref)), tuple);
    }

    /**
     * The connection and direction of packets with this tuple, as a ref, or {@link #NONE}. The connection may be dead:
     * see {@link #isAlive}.
     */
    public long find(final long tuple, final long hash) {
        final long ref = candidate(hash);
        return ref != NONE && isOf(ref, tuple) ? ref : findElsewhere(tuple, hash);
    }

    /** Whether the connection's time is not up and its endpoints still exist. */
    public boolean isAlive(final long connection, final long nowNs) {
        return Connection.deadlineNs(connection) - nowNs > 0 && generations.isCurrent(Connection.ownerA(connection))
            && generations.isCurrent(Connection.ownerB(connection));
    }

    /**
     * Whether the connection is alive and packets of the direction come from this owner, who still exists.
     *
     * @param owner as {@link #ownerOf} returns it, or 0 for none.
     */
    public boolean isAliveFrom(final long connection, final int direction, final int owner, final long nowNs) {
        return Connection.deadlineNs(connection) - nowNs > 0 && Connection.sourceOwner(connection, direction) == owner
            && generations.isCurrent(Connection.sourceOwner(connection, 1 - direction));
    }

    /** A live connection for the tuple, in either direction, or {@link #NONE}. Removes a dead one that it meets. */
    public long findAlive(final long tuple, final long nowNs) {
        final long ref = find(tuple, hash(tuple));
        if (ref == NONE || isAlive(Connection.ofRef(ref), nowNs)) {
            return ref;
        }
        remove(Connection.ofRef(ref));
        return NONE;
    }

    /** Whether the port's endpoint, if it has one, may take part in one more connection. */
    public boolean hasRoomFor(final int portIndex) {
        return portIndex < 0 || portConnections[portIndex] < perPortLimit
            || evict(queues.victimOf(portIndex));
    }

    /** Connections that the port's endpoint takes part in. */
    public int connectionsOf(final int portIndex) {
        return portConnections[portIndex];
    }

    /** Connections of this connection's endpoints; the greater number of the two. */
    public int ownersConnections(final long connection) {
        return Math.max(ownerConnections(Connection.ownerA(connection)),
            ownerConnections(Connection.ownerB(connection)));
    }

    /**
     * Makes a connection; neither tuple may be in the table.
     *
     * @param portA port of the endpoint that sends ORIGINAL packets, or -1.
     * @param portB port of the endpoint that receives them, or -1.
     * @return its address, or {@link #NONE} without room.
     */
    public long create(final long original, final long reply, final int portA, final int portB, final int statusBits,
                       final long deadlineNs) {
        long connection = allocate();
        if (connection == NONE && evict(queues.victim())) {
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
        Connection.status(connection, Connection.IN_USE | statusBits);
        count(connection, 1);
        reassess(connection);
        layout.live(++live);
        if (Connection.isMasqueraded(connection) && !claims.add(reply)) {
            remove(connection);
            return NONE;
        }
        return connection;
    }

    /** The owner number of the endpoint that is behind the port now. */
    public int ownerOf(final int portIndex) {
        return generations.ownerOf(portIndex);
    }

    /** Whether it may give way to another connection: established ones never do. */
    public boolean mayGiveWay(final long connection) {
        return queues.worth(layout.numberOf(connection)) != Worth.LASTING;
    }

    /** Marks the connection as dead from now on. */
    public void expire(final long connection, final long nowNs) {
        Connection.deadlineNs(connection, nowNs);
    }

    /**
     * Takes note of a connection's new state: what it is worth when room is needed. One that is closed no longer counts
     * against its endpoints' shares.
     */
    void reassess(final long connection) {
        final int number = layout.numberOf(connection);
        final int before = queues.worth(number);
        final int now = Worth.of(connection);
        if (before != now) {
            count(connection, before == Worth.CLOSED ? 1 : now == Worth.CLOSED ? -1 : 0);
            queues.put(number, connection, now);
        }
    }

    /**
     * Keeps the tuples of masqueraded connections' answers in memory that the kernel's steering reads, from now on:
     * those of the present first.
     *
     * @param memory that is all zero, as {@link ClaimedTuples} has it; 0 to end that.
     * @param bucketBits its buckets, as a power of two.
     * @param seed   of the fingerprints.
     */
    public void claimIn(final long memory, final int bucketBits, final long seed) {
        claims.use(memory, bucketBits, seed);
        for (int number = 0; number < layout.highWater(); number++) {
            final long connection = byNumber(number);
            if (connection != NONE && Connection.isMasqueraded(connection)
                && !claims.add(Connection.tuple(connection, Connection.REPLY))) {
                remove(connection);
            }
        }
    }

    /** Ends a connection. */
    public void remove(final long connection) {
        removals++;
        if (Connection.isMasqueraded(connection)) {
            claims.remove(Connection.tuple(connection, Connection.REPLY));
        }
        unindex(connection, Connection.ORIGINAL);
        unindex(connection, Connection.REPLY);
        final int number = layout.numberOf(connection);
        if (queues.worth(number) != Worth.CLOSED) {
            count(connection, -1);
        }
        queues.put(number, connection, Worth.LASTING);
        layout.live(--live);
        release(connection);
    }

    /** Ends all connections of the port's endpoint. */
    public void removePort(final int portIndex) {
        generations.next(portIndex);
        portConnections[portIndex] = 0;
    }

    /**
     * Removes dead connections among the next few.
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

    /** Only connections with numbers below this may be in use. */
    public int highWater() {
        return layout.highWater();
    }

    /** The connection with that number, if it is in use, or {@link #NONE}. */
    public long byNumber(final int number) {
        final long connection = layout.connection(number);
        return Connection.has(connection, Connection.IN_USE) ? connection : NONE;
    }

    /** Counts removals. A ref stays valid as long as the count is the same. */
    public long removals() {
        return removals;
    }

    /** How many connections the table holds, including dead ones that were not removed yet. */
    public int size() {
        return live;
    }

    /** Rebuilds everything that a crash may have left incomplete: the index, the list of free entries, the counts. */
    private void takeUp(final long nowNs) {
        layout.clearIndex();
        for (int number = 0; number < layout.highWater(); number++) {
            final long connection = layout.connection(number);
            if (Connection.has(connection, Connection.IN_USE) && isAlive(connection, nowNs)
                && index(connection, Connection.ORIGINAL)) {
                if (index(connection, Connection.REPLY)) {
                    // The handles of the next hops are from the earlier run too.
                    Connection.nextHop(connection, Connection.ORIGINAL, 0, 0);
                    Connection.nextHop(connection, Connection.REPLY, 0, 0);
                    count(connection, 1);
                    live++;
                    reassess(connection);
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

    /** Ends the connection with that number, if there is one, to make room. */
    private boolean evict(final int number) {
        if (number == LinkedQueues.NONE) {
            return false;
        }
        remove(layout.connection(number));
        return true;
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

    /** Moves one reference of a full bucket to its other bucket. Returns the free slot, or 0. */
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

    /** The last reference in the bucket that may match this hash, found without a branch for each slot. */
    private static int match(final long bucket, final long hash) {
        final int fingerprint = (int) (hash >>> 32);
        int reference = 0;
        for (int slot = 0; slot < ConntrackLayout.SLOTS; slot++) {
            final long value = UnsafeApi.getLong(bucket + (long) slot * Long.BYTES);
            reference = (int) (value >>> 32) == fingerprint ? (int) value : reference;
        }
        return reference;
    }

    /** Searches the second bucket, and behind another tuple with the same fingerprint. */
    private long findElsewhere(final long tuple, final long hash) {
        final long ref = findAmong(firstBucket(hash), tuple, hash);
        return ref != NONE ? ref : findAmong(secondBucket(hash), tuple, hash);
    }

    private long findAmong(final long bucket, final long tuple, final long hash) {
        if (match(bucket, hash) == 0) {
            return NONE; // the usual miss, without a branch for each slot
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
