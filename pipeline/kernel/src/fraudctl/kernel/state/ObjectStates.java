package fraudctl.kernel.state;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;

/**
 * States that are objects: those of keys that came a moment ago, and long ones, whose lists lie in the backend in
 * pieces. Knows what they weigh and whose turn it is; what becomes of one is {@link StateCache}'s to say.
 */
final class ObjectStates {
    private final HashMap<String, Held> byKey = new HashMap<>();
    /** Those that came a moment ago; one that was used since gets a second chance. */
    private final ArrayDeque<Held> recent = new ArrayDeque<>();
    /** The others, eldest first. */
    private final ArrayDeque<Held> longOnes = new ArrayDeque<>();
    private final ArrayDeque<Held> longDirty = new ArrayDeque<>();
    private final boolean isWrittenLate;
    private long bytes;

    /** @param isWrittenLate whether anybody asks for {@link #oldestDirty} */
    ObjectStates(boolean isWrittenLate) {
        this.isWrittenLate = isWrittenLate;
    }

    Held get(String key) {
        return byKey.get(key);
    }

    Collection<Held> all() {
        return byKey.values();
    }

    int size() {
        return byKey.size();
    }

    /** What they weigh, as they were counted last. */
    long bytes() {
        return bytes;
    }

    void count(Held held) {
        int weight = held.weight();
        bytes += weight - held.counted;
        held.counted = weight;
    }

    /** One that has come just now. */
    void add(Held held) {
        byKey.put(held.key, held);
        recent.addLast(held);
    }

    void letGo(Held held) {
        byKey.remove(held.key);
        bytes -= held.counted;
        held.state = null;
    }

    void changed(Held held) {
        if (!held.isDirty) {
            held.isDirty = true;
            noteDirty(held);
        }
    }

    /** One that no longer came a moment ago, where more than so many did; null where there is none. */
    Held pollRecent(int most, Held inHand) {
        while (recent.size() > most) {
            Held oldest = recent.pollFirst();
            if (oldest.isUsed || oldest == inHand) {
                oldest.isUsed = false;
                recent.addLast(oldest);
            } else if (oldest.state != null) {
                return oldest;
            }
        }
        return null;
    }

    /** Keeps one as a long one, the last to be looked at. */
    void keep(Held held) {
        longOnes.addLast(held);
        if (!held.isLong) {
            held.isLong = true;
            noteDirty(held);
        }
    }

    boolean hasLong() {
        return !longOnes.isEmpty();
    }

    /** The eldest of the long ones, which is to be kept again if it stays; perhaps one that has gone. */
    Held pollLong() {
        return longOnes.pollFirst();
    }

    /** Of the long ones that have been newer than the backend longest, where they are more; null where they are not. */
    Held oldestDirty(int most) {
        return longDirty.size() > most ? longDirty.pollFirst() : null;
    }

    /** The backend has all of them. */
    void written() {
        longDirty.clear();
    }

    private void noteDirty(Held held) {
        if (isWrittenLate && held.isLong && held.isDirty) {
            longDirty.addLast(held);
        }
    }
}
