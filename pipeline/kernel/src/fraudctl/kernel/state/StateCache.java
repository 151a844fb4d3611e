package fraudctl.kernel.state;

import fraudctl.kernel.plan.Hop;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.function.BooleanSupplier;

/**
 * The states of keys in memory, written back to the backend late. Reading an absent key and writing a cold one
 * are the largest cost of a hop, and a hot key would be written once per event without this.
 *
 * <p>A state is held as an object, or packed into the blob that the backend would get. Most keys come once in a
 * long while: as objects they would take several times the memory, and each young collection would copy two
 * dozen of them a key. So a new key that does not come again soon is packed; one that does is an object until
 * memory runs short. Then the eldest is packed, and let go when it is packed already. An access looks at a few
 * of the eldest and no more, so none takes long.
 *
 * <p>How many entries may be newer than the backend depends on the load: few when it is low, so that a
 * checkpoint does not stall the stream, many when throughput is what counts, any number in a bounded job, for
 * whose next decision nobody waits.
 */
public final class StateCache {
    /** New keys that stay objects, whether they come again or not. */
    public static final int NEW_KEYS = 2_048;
    /** Kept low while events come slowly, so that a checkpoint finds little to write and delays nobody. */
    private static final int MOST_DIRTY_AT_EASE = 128;
    /** Kept high under load, so that a key is written once for several events; costs one pause a checkpoint. */
    private static final int MOST_DIRTY_UNDER_LOAD = 100_000;
    /** Changes a second from which the load counts as high. */
    private static final int LOAD_PER_SECOND = 12_000;
    private static final int CHANGES_PER_LOOK = 4_096;

    /** So many of the eldest are looked at by an access, whatever it brings in. */
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
    private final int newKeys;
    private final StateCodec codec = new StateCodec();
    /** Eldest first; one that was used since it was looked at last gets a second chance. */
    private final LinkedHashMap<String, Cached> states = new LinkedHashMap<>(1024);
    private final ArrayDeque<Cached> fresh = new ArrayDeque<>();
    private final ArrayDeque<Cached> dirty = new ArrayDeque<>();
    /** The one that was asked for last. */
    private Cached inHand;
    private long bytes;
    /** Before the access in hand. */
    private long bytesBefore;
    private boolean hadEvents;
    private int mostDirty = MOST_DIRTY_AT_EASE;
    private int changes;
    private long lookedNanos = System.nanoTime();

    /** A key in memory; of state and blob there is one, and neither when the key has been let go. */
    private static final class Cached {
        /** This object, its entry in the map, and its places in the map's table and the queues. */
        private static final int OVERHEAD = 104;

        final String key;
        KeyState state;
        byte[] blob;
        /** Newer here than in the backend. */
        boolean isDirty;
        boolean isUsed;
        int counted;

        Cached(String key, KeyState state) {
            this.key = key;
            this.state = state;
        }

        int weight() {
            return OVERHEAD + Weight.of(key) + (state != null ? state.weight() : Weight.ARRAY + blob.length);
        }
    }

    /**
     * @param isRestored whether the store may hold keys already
     * @param isBounded whether the job ends by itself
     * @param isSourceBehind whether the source has been behind since this was asked before
     * @param newKeys {@link #NEW_KEYS}, or fewer in a test
     */
    public StateCache(Hop hop, KeyStore store, boolean isRestored, boolean isBounded,
            BooleanSupplier isSourceBehind, CacheBudget budget, int newKeys) {
        this.hop = hop;
        this.store = store;
        this.written = isRestored ? null : new KeyFilter();
        this.isBounded = isBounded;
        this.isSourceBehind = isSourceBehind;
        this.budget = budget;
        this.newKeys = newKeys;
    }

    /** From now on states are of that plan; each is brought to it when it is next asked for. */
    public void use(Hop next) {
        hop = next;
    }

    /** The state of a key, an empty one when there is none yet. It is to be left alone once another is asked for. */
    public KeyState get(String key) throws IOException {
        bytesBefore = bytes;
        inHand = states.get(key);
        if (inHand == null) {
            inHand = new Cached(key, read(key));
            inHand.state.adopt(hop);
            states.put(key, inHand);
            fresh.addLast(inHand);
            count(inHand);
            packOldestNew();
            return inHand.state;
        }
        inHand.isUsed = true;
        unpack(inHand);
        if (inHand.state.hop() != hop) {
            inHand.state.adopt(hop);
            count(inHand);
        }
        return inHand.state;
    }

    private KeyState read(String key) throws IOException {
        if (written != null && !written.mayHold(key)) {
            return new KeyState(hop);
        }
        store.use(key);
        byte[] blob = store.blob();
        return blob == null ? new KeyState(hop) : codec.decode(blob, store);
    }

    /** The state that was asked for last has changed. */
    public void changed() throws IOException {
        count(inHand);
        if (!inHand.isDirty) {
            inHand.isDirty = true;
            dirty.addLast(inHand);
        }
        shrink();
        if (isBounded) {
            // What was let go, and written for that, stays in the queue, which would grow with the log.
            if (dirty.size() > 2 * states.size() + NEW_KEYS) {
                dirty.removeIf(one -> !one.isDirty);
            }
            return;
        }
        if (dirty.size() > mostDirty && !store.isBusy()) {
            writeOldest();
            writeOldest();
        }
        if (++changes == CHANGES_PER_LOOK) {
            adaptToLoad();
        }
    }

    private void count(Cached cached) {
        int weight = cached.weight();
        bytes += weight - cached.counted;
        cached.counted = weight;
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
        states.remove(key);
        store.use(key);
        StateCodec.removeChunks(state, store);
        store.removeBlob();
        inHand.isDirty = false;
        letGo(inHand);
    }

    /** An event has come. Until the second flush after the last one the cache counts as at work. */
    public void atWork() {
        hadEvents = true;
        budget.atWork(true);
    }

    /** Brings the backend up to date. */
    public void write() throws IOException {
        inHand = null;
        while (!dirty.isEmpty()) {
            writeOldest();
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
        states.clear();
        fresh.clear();
        dirty.clear();
        bytes = 0;
        budget.atWork(false);
    }

    /** How many keys are in memory. */
    public int held() {
        return states.size();
    }

    /** What they weigh. */
    public long bytes() {
        return bytes;
    }

    private void writeOldest() throws IOException {
        Cached cached = dirty.pollFirst();
        if (cached.isDirty) {
            write(cached);
        }
    }

    private void write(Cached cached) throws IOException {
        store.use(cached.key);
        if (!cached.isUsed) {
            pack(cached);
        }
        store.putBlob(cached.blob != null ? cached.blob : codec.encode(cached.state, store));
        if (written != null) {
            written.add(cached.key);
        }
        cached.isDirty = false;
    }

    private void packOldestNew() throws IOException {
        if (fresh.size() > newKeys) {
            Cached oldest = fresh.pollFirst();
            if (!oldest.isUsed) {
                pack(oldest);
            }
        }
    }

    /** Leaves alone what is in hand, packed or gone, and what does not lie in a blob as a whole. */
    private void pack(Cached cached) throws IOException {
        if (cached != inHand && cached.state != null && cached.state.isInline()) {
            cached.blob = codec.encode(cached.state, store);
            cached.state = null;
            count(cached);
        }
    }

    private void unpack(Cached cached) throws IOException {
        if (cached.state == null) {
            cached.state = codec.decode(cached.blob, store);
            cached.blob = null;
            count(cached);
        }
    }

    /**
     * Comes back towards the budget. Work is bounded, since whoever asks for a key waits for it: the debt of a
     * budget that was halved is paid by many accesses. It cannot grow either: what an access brings in at most
     * pays for as many looks as can let go of the same.
     */
    private void shrink() throws IOException {
        long most = budget.bytes();
        long looks = LOOKS + Math.max(0, bytes - bytesBefore) / BYTES_A_LOOK;
        for (; looks > 0 && bytes > most && states.size() > 1; looks--) {
            look(bytes > most + most / PART_OVER);
        }
    }

    /**
     * Packs the eldest, gives it its second chance unless that cannot be afforded, or lets it go. One that would
     * have to be written while the store is busy is passed over like one that was used.
     */
    private void look(boolean isUrgent) throws IOException {
        Iterator<Cached> inOrder = states.values().iterator();
        Cached eldest = inOrder.next();
        inOrder.remove();
        boolean packs = eldest.state != null && eldest.state.isInline();
        boolean waits = !isUrgent && (eldest.isUsed || eldest.isDirty && store.isBusy());
        if (eldest == inHand || packs || waits) {
            pack(eldest);
            eldest.isUsed = false;
            states.put(eldest.key, eldest);
        } else {
            if (eldest.isDirty) {
                write(eldest);
            }
            letGo(eldest);
        }
    }

    private void letGo(Cached cached) {
        bytes -= cached.counted;
        cached.state = null;
        cached.blob = null;
    }
}
