package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The packed states of keys, by key: a hash table of numbers over {@link Cells}, so that a collection has nothing to
 * look at whether it holds a hundred keys or ten million. An entry is known by a number, which is good until
 * something is put or removed. What an entry keeps is the text of its key and the state behind it.
 *
 * <p>Whoever has to let go of some goes round (Corbató's clock, 1968): an entry that was used since the hand passed
 * it is passed over once.
 */
final class PackedStates {
    static final int NONE = -1;
    /** Whoever sends payments chooses the keys, and is not to know which of them fall into one place. */
    private static final long SEED = new SecureRandom().nextLong();
    /** Of an entry beside its cells: five numbers, its place in the table, and bits. */
    private static final int OVERHEAD = 28;

    private final Cells cells = new Cells();
    private final Bytes wanted = new Bytes();
    private final Bytes content = new Bytes();
    /** By hash the first entry; the others follow in {@code next}. */
    private int[] heads = none(1 << 10);
    private int[] next = new int[1 << 10];
    private int[] hashes = new int[1 << 10];
    private int[] firstCells = new int[1 << 10];
    private int[] sizes = new int[1 << 10];
    private final BitSet taken = new BitSet();
    private final BitSet used = new BitSet();
    private final BitSet dirty = new BitSet();
    /** The first of the numbers that were given up, chained as entries are. */
    private int free = NONE;
    private int end;
    private int size;
    private int dirtySize;
    private long bytes;
    private int hand;
    private int dirtyHand;

    int size() {
        return size;
    }

    /** What they weigh. */
    long bytes() {
        return bytes;
    }

    /** The entry of a key, or {@link #NONE}. */
    int find(String key) {
        int hash = hash(key);
        int entry = heads[hash & heads.length - 1];
        while (entry != NONE && !(hashes[entry] == hash && wanted.size() <= sizes[entry]
                && cells.begins(firstCells[entry], wanted))) {
            entry = next[entry];
        }
        return entry;
    }

    String key(int entry) {
        cells.read(firstCells[entry], sizes[entry], content);
        return content.readText();
    }

    /** The state of an entry, to be read before this is asked again. */
    Bytes state(int entry) {
        cells.read(firstCells[entry], sizes[entry], content);
        content.readText();
        return content;
    }

    /** The state of an entry as an array of its own. */
    byte[] blob(int entry) {
        return state(entry).rest(sizes[entry]);
    }

    /** Keeps a key that is not there. {@code content} is its text and its state behind it. */
    void put(String key, Bytes content, boolean isUsed, boolean isDirty) {
        if (size == heads.length) {
            growTable();
        }
        int entry = newEntry();
        int hash = hash(key);
        hashes[entry] = hash;
        firstCells[entry] = cells.put(content);
        sizes[entry] = content.size();
        next[entry] = heads[hash & heads.length - 1];
        heads[hash & heads.length - 1] = entry;
        taken.set(entry);
        used.set(entry, isUsed);
        dirty.set(entry, isDirty);
        dirtySize += isDirty ? 1 : 0;
        size++;
        bytes += weight(entry);
    }

    void remove(int entry) {
        unlink(entry);
        bytes -= weight(entry);
        size--;
        written(entry);
        used.clear(entry);
        taken.clear(entry);
        cells.free(firstCells[entry]);
        next[entry] = free;
        free = entry;
    }

    /** How many are newer than the backend. */
    int dirtySize() {
        return dirtySize;
    }

    boolean isDirty(int entry) {
        return dirty.get(entry);
    }

    /** The backend has it now. */
    void written(int entry) {
        dirtySize -= dirty.get(entry) ? 1 : 0;
        dirty.clear(entry);
    }

    /** One that is newer than the backend, each in its turn; there is one. */
    int nextDirty() {
        int entry = dirty.nextSetBit(dirtyHand);
        entry = entry >= 0 ? entry : dirty.nextSetBit(0);
        dirtyHand = entry + 1;
        return entry;
    }

    boolean isUsed(int entry) {
        return used.get(entry);
    }

    void passOver(int entry) {
        used.clear(entry);
    }

    /** The next one round; there is one. */
    int next() {
        int entry = taken.nextSetBit(hand);
        entry = entry >= 0 ? entry : taken.nextSetBit(0);
        hand = entry + 1;
        return entry;
    }

    /** What the memory for them takes, holes included, beside the table. */
    long reservedBytes() {
        return cells.reservedBytes();
    }

    /** Brings memory that lies idle nearer to being given back: looks at so many entries whether they are in the way. */
    void settle(int looks) {
        int surplus = cells.surplus();
        for (int left = Math.min(looks, size); left > 0 && cells.reaches(surplus); left--) {
            int entry = next();
            if (cells.reaches(firstCells[entry], surplus)) {
                cells.read(firstCells[entry], sizes[entry], content);
                content.skip(sizes[entry]);
                cells.free(firstCells[entry]);
                firstCells[entry] = cells.put(content);
            }
            cells.dropEmptyPages();
        }
    }

    private int weight(int entry) {
        return OVERHEAD + Cells.cells(sizes[entry]) * Cells.CELL_BYTES;
    }

    private void unlink(int entry) {
        int bucket = hashes[entry] & heads.length - 1;
        if (heads[bucket] == entry) {
            heads[bucket] = next[entry];
            return;
        }
        int before = heads[bucket];
        while (next[before] != entry) {
            before = next[before];
        }
        next[before] = next[entry];
    }

    private int newEntry() {
        if (free != NONE) {
            int entry = free;
            free = next[entry];
            return entry;
        }
        if (end == next.length) {
            next = Arrays.copyOf(next, 2 * end);
            hashes = Arrays.copyOf(hashes, 2 * end);
            firstCells = Arrays.copyOf(firstCells, 2 * end);
            sizes = Arrays.copyOf(sizes, 2 * end);
        }
        return end++;
    }

    private void growTable() {
        heads = none(2 * heads.length);
        for (int entry = taken.nextSetBit(0); entry >= 0; entry = taken.nextSetBit(entry + 1)) {
            int bucket = hashes[entry] & heads.length - 1;
            next[entry] = heads[bucket];
            heads[bucket] = entry;
        }
    }

    private static int[] none(int length) {
        int[] heads = new int[length];
        Arrays.fill(heads, NONE);
        return heads;
    }

    /** Leaves the text of the key in {@code wanted}. */
    private int hash(String key) {
        wanted.clear();
        wanted.writeText(key);
        return (int) wanted.hash(SEED);
    }
}
