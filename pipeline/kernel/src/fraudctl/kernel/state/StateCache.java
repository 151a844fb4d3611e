package fraudctl.kernel.state;

import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.wire.Bytes;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * The states of keys in memory, written back to the backend late. Reading an absent key and writing a cold one
 * are the largest cost of a hop, and a hot key would be written once per event without this.
 *
 * <p>A state is an object while its key is one of the last few that came. Then it is packed into what the backend
 * would get ({@link PackedStates}): as objects, states would take several times the memory, each collection would
 * copy two dozen of them for every new key, and look at all that has changed since the one before. Only a state
 * whose lists are so long that they lie in the backend in pieces stays an object for as long as there is room.
 * When memory runs short, the larger of both parts gives way. An access looks at a few and no more, so none takes
 * long.
 *
 * <p>How many states may be newer than the backend depends on the load: few when it is low, so that a
 * checkpoint does not stall the stream, many when throughput is what counts, any number in a bounded job, for
 * whose next decision nobody waits.
 */
public final class StateCache {
    /** Keys whose states are objects since they came a moment ago. */
    public static final int RECENT_KEYS = 64;
    /** Kept low while events come slowly, so that a checkpoint finds little to write and delays nobody. */
    private static final int MOST_DIRTY_AT_EASE = 128;
    /** Kept high under load, so that a key is written once for several events; costs one pause a checkpoint. */
    private static final int MOST_DIRTY_UNDER_LOAD = 100_000;
    /** Changes a second from which the load counts as high. */
    private static final int LOAD_PER_SECOND = 12_000;
    private static final int CHANGES_PER_LOOK = 4_096;

    /** So many are looked at by an access, whatever it brings in. */
    private static final int LOOKS = 8;
    /** Less than any look lets go of, a second chance excepted. */
    private static final int BYTES_A_LOOK = 128;
    /** Beyond the budget by this part of it there are no second chances. */
    private static final int PART_OVER = 32;

    private Hop hop;
    private final KeyStore store;
    /** Null where the backend holds keys that were written before this cache was made. */
    private final KeyFilter written;
    private final boolean isBounded;
    private final BooleanSupplier isSourceBehind;
    private final CacheBudget budget;
    private final int recentKeys;
    private final StateCodec codec = new StateCodec();
    /** A key is here or among the packed. */
    private ObjectStates objects;
    private PackedStates packed;
    /** The one that was asked for last. */
    private Held inHand;
    /** Before the access in hand. */
    private long bytesBefore;
    private boolean hadEvents;
    private int mostDirty = MOST_DIRTY_AT_EASE;
    private int changes;
    private long lookedNanos = System.nanoTime();

    /**
     * @param isRestored whether the store may hold keys already
     * @param isBounded whether the job ends by itself
     * @param isSourceBehind whether the source has been behind since this was asked before
     * @param recentKeys {@link #RECENT_KEYS}, or fewer in a test; not under 2
     */
    public StateCache(Hop hop, KeyStore store, boolean isRestored, boolean isBounded,
            BooleanSupplier isSourceBehind, CacheBudget budget, int recentKeys) {
        this.hop = hop;
        this.store = store;
        this.written = isRestored ? null : new KeyFilter();
        this.isBounded = isBounded;
        this.isSourceBehind = isSourceBehind;
        this.budget = budget;
        this.recentKeys = recentKeys;
        forget();
    }

    /** From now on states are of that plan; each is brought to it when it is next asked for. */
    public void use(Hop next) {
        hop = next;
    }

    /** The state of a key, an empty one when there is none yet. It is to be left alone once another is asked for. */
    public KeyState get(String key) throws IOException {
        bytesBefore = bytes();
        inHand = objects.get(key);
        if (inHand == null) {
            inHand = bringIn(key);
            objects.add(inHand);
            packOldest();
        } else {
            inHand.isUsed = true;
            inHand.isKnown = true;
        }
        if (inHand.state.hop() != hop) {
            inHand.state.adopt(hop);
            objects.count(inHand);
        }
        return inHand.state;
    }

    private Held bringIn(String key) throws IOException {
        int entry = packed.find(key);
        if (entry == PackedStates.NONE) {
            return new Held(key, read(key));
        }
        Held held = new Held(key, codec.decode(packed.state(entry), store));
        held.isKnown = true;
        held.isDirty = packed.isDirty(entry);
        packed.remove(entry);
        return held;
    }

    private KeyState read(String key) throws IOException {
        if (written != null && !written.mayHold(key)) {
            return new KeyState(hop);
        }
        store.use(key);
        byte[] blob = store.blob();
        return blob == null ? new KeyState(hop) : codec.decode(new Bytes(blob), store);
    }

    /** The state that was asked for last has changed. */
    public void changed() throws IOException {
        objects.count(inHand);
        objects.changed(inHand);
        shrink();
        if (isBounded) {
            return;
        }
        if (!store.isBusy()) {
            writeSome();
        }
        if (++changes == CHANGES_PER_LOOK) {
            adaptToLoad();
        }
    }

    /** How late to write is a matter of speed alone; what is computed does not depend on it. */
    private void adaptToLoad() {
        long now = System.nanoTime();
        double perSecond = changes * 1e9 / Math.max(1, now - lookedNanos);
        boolean isBehind = isSourceBehind.getAsBoolean();
        mostDirty = perSecond > LOAD_PER_SECOND || isBehind ? MOST_DIRTY_UNDER_LOAD : MOST_DIRTY_AT_EASE;
        changes = 0;
        lookedNanos = now;
    }

    /** Forgets a key altogether. */
    public void clear(String key) throws IOException {
        KeyState state = get(key);
        store.use(key);
        StateCodec.removeChunks(state, store);
        store.removeBlob();
        objects.letGo(inHand);
    }

    /** An event has come. Until the second flush after the last one the cache counts as at work. */
    public void atWork() {
        hadEvents = true;
        budget.atWork(true);
    }

    /** Brings the backend up to date. */
    public void write() throws IOException {
        inHand = null;
        for (Held held : objects.all()) {
            if (held.isDirty) {
                write(held);
            }
        }
        objects.written();
        while (packed.dirtySize() > 0) {
            write(packed.nextDirty());
        }
    }

    /** Brings the backend up to date; without events since the flush before, leaves the memory to others. */
    public void flush() throws IOException {
        write();
        if (!hadEvents) {
            drop();
        }
        hadEvents = false;
    }

    /** Forgets what it holds, written or not. */
    public void drop() {
        forget();
        budget.atWork(false);
    }

    private void forget() {
        objects = new ObjectStates(!isBounded);
        packed = new PackedStates();
    }

    /** How many keys are in memory. */
    public int held() {
        return objects.size() + packed.size();
    }

    /** What they weigh. */
    public long bytes() {
        return objects.bytes() + packed.bytes();
    }

    /** Twice as fast as states change, so that a limit that has come down is reached. */
    private void writeSome() throws IOException {
        for (int left = 2; left > 0 && packed.dirtySize() > mostDirty; left--) {
            write(packed.nextDirty());
        }
        for (int left = 2; left > 0; left--) {
            Held oldest = objects.oldestDirty(mostDirty);
            if (oldest != null && oldest.state != null && oldest.isDirty) {
                write(oldest);
            }
        }
    }

    private void write(Held held) throws IOException {
        store.use(held.key);
        putBlob(held.key, codec.encode(held.state, store));
        held.isDirty = false;
    }

    private void write(int entry) throws IOException {
        String key = packed.key(entry);
        store.use(key);
        putBlob(key, packed.blob(entry));
        packed.written(entry);
    }

    private void putBlob(String key, byte[] blob) throws IOException {
        store.putBlob(blob);
        if (written != null) {
            written.add(key);
        }
    }

    /** Of those that came a moment ago one is no longer of them, when they are too many. */
    private void packOldest() throws IOException {
        for (Held oldest; (oldest = objects.pollRecent(recentKeys, inHand)) != null; ) {
            if (oldest.state.isInline()) {
                pack(oldest);
            } else {
                objects.keep(oldest);
            }
        }
    }

    private void pack(Held held) throws IOException {
        packed.put(held.key, codec.encode(held.key, held.state, store), held.isKnown, held.isDirty);
        objects.letGo(held);
    }

    /**
     * Comes back towards the budget. Work is bounded, since whoever asks for a key waits for it: the debt of a
     * budget that was halved is paid by many accesses. It cannot grow either: what an access brings in at most
     * pays for as many looks as can let go of the same.
     */
    private void shrink() throws IOException {
        long most = budget.bytes();
        long looks = LOOKS + Math.max(0, bytes() - bytesBefore) / BYTES_A_LOOK;
        for (; looks > 0 && bytes() > most && (objects.hasLong() || packed.size() > 0); looks--) {
            boolean isUrgent = bytes() > most + most / PART_OVER;
            if (packed.size() == 0 || objects.hasLong() && objects.bytes() > packed.bytes()) {
                lookAtLong(isUrgent);
            } else {
                lookAtPacked(isUrgent);
            }
        }
        if (packed.reservedBytes() > most) {
            packed.settle(LOOKS);
        }
    }

    /**
     * Packs the eldest if its lists have become short, gives it its second chance unless that cannot be afforded,
     * or lets it go. One that would have to be written while the store is busy is passed over like one that was used.
     */
    private void lookAtLong(boolean isUrgent) throws IOException {
        Held eldest = objects.pollLong();
        if (eldest.state == null) {
            return;
        }
        boolean waits = !isUrgent && (eldest.isUsed || eldest.isDirty && store.isBusy());
        if (eldest == inHand || waits) {
            eldest.isUsed = false;
            objects.keep(eldest);
        } else if (eldest.state.isInline()) {
            pack(eldest);
        } else {
            if (eldest.isDirty) {
                write(eldest);
            }
            objects.letGo(eldest);
        }
    }

    private void lookAtPacked(boolean isUrgent) throws IOException {
        int entry = packed.next();
        if (!isUrgent && (packed.isUsed(entry) || packed.isDirty(entry) && store.isBusy())) {
            packed.passOver(entry);
            return;
        }
        if (packed.isDirty(entry)) {
            write(entry);
        }
        packed.remove(entry);
    }
}
