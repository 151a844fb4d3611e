package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.util.HashSet;
import java.util.Set;

/**
 * The ids of a user's events that were scored within the dedup window, in the order of their dues.
 * Most users have a few, so they lie in plain arrays; an index is made when there are many.
 */
final class RecentIds extends Series {
    private static final int MOST_WITHOUT_INDEX = 64;

    private String[] ids = new String[2];
    /** Of the ids: a copy is told from the others without looking at their texts, which are far apart in memory. */
    private int[] hashes = new int[2];
    private long[] dues = new long[2];
    private int textBytes;
    private Set<String> index;
    final Chunks chunks = new Chunks(1);

    long newestDue() {
        return dues[tail - 1];
    }

    /** Forgets ids whose first copy was due at or before the horizon. */
    void evict(long horizon) {
        while (head < tail && dues[head] <= horizon) {
            if (index != null) {
                index.remove(ids[head]);
            }
            textBytes -= Weight.of(ids[head]);
            ids[head] = null;
            headDropped();
        }
        if (isEmpty()) {
            head = 0;
            tail = 0;
        }
    }

    boolean contains(String id) {
        if (index != null) {
            return index.contains(id);
        }
        int hash = id.hashCode();
        for (int i = head; i < tail; i++) {
            if (hashes[i] == hash && ids[i].equals(id)) {
                return true;
            }
        }
        return false;
    }

    void add(String id, long due) {
        reserve();
        changed(tail);
        textBytes += Weight.of(id);
        ids[tail] = id;
        hashes[tail] = id.hashCode();
        dues[tail++] = due;
        if (index != null) {
            index.add(id);
        } else if (size() > MOST_WITHOUT_INDEX) {
            index = new HashSet<>();
            for (int i = head; i < tail; i++) {
                index.add(ids[i]);
            }
        }
    }

    int weight() {
        return 120 + Weight.ARRAY * 3 + ids.length * (Weight.POINTER + 12) + textBytes
                + (index == null ? 0 : 64 + size() * Weight.HASH_NODE);
    }

    @Override
    int capacity() {
        return ids.length;
    }

    @Override
    void move(int capacity) {
        int[] newHashes = new int[capacity];
        System.arraycopy(hashes, head, newHashes, 0, size());
        hashes = newHashes;
        ids = moved(ids, capacity);
        dues = moved(dues, capacity);
    }

    @Override
    public void write(Bytes out, long from, long to) {
        long before = 0;
        for (int i = at(from); i < at(to); i++) {
            out.writeText(ids[i]);
            out.writeLong(dues[i] - before);
            before = dues[i];
        }
    }

    @Override
    public void read(Bytes in, long from, long to, long wanted) {
        long before = 0;
        for (long number = from; number < to; number++) {
            String id = in.readText();
            before += in.readLong();
            if (number >= wanted) {
                add(id, before);
            }
        }
    }
}
