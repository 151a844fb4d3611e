package fraudctl.kernel;

import java.util.HashSet;
import java.util.Set;

/**
 * The ids of a user's events that were scored within the dedup window, in the order of their dues.
 * Most users have a few, so they lie in plain arrays; an index is made when there are many.
 */
final class RecentIds implements Chunks.Items {
    private static final int MOST_WITHOUT_INDEX = 64;

    private String[] ids = new String[2];
    /** Of the ids: a copy is told from the others without looking at their texts, which are far apart in memory. */
    private int[] hashes = new int[2];
    private long[] dues = new long[2];
    private int head;
    private int tail;
    /** Number of the id at {@code head}, counted from the first that the user ever had. */
    private long first;
    private long changedFrom = Long.MAX_VALUE;
    private Set<String> index;
    final Chunks chunks = new Chunks(1);

    boolean isEmpty() {
        return head == tail;
    }

    int size() {
        return tail - head;
    }

    long newestDue() {
        return dues[tail - 1];
    }

    /** Forgets ids whose first copy was due at or before the horizon. */
    void evict(long horizon) {
        while (head < tail && dues[head] <= horizon) {
            if (index != null) {
                index.remove(ids[head]);
            }
            ids[head++] = null;
            first++;
        }
        if (head == tail) {
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
        if (tail == ids.length) {
            makeRoom();
        }
        changedFrom = Math.min(changedFrom, end());
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

    private void makeRoom() {
        int size = size();
        int capacity = size > ids.length / 2 ? ids.length * 2 : ids.length;
        String[] newIds = new String[capacity];
        int[] newHashes = new int[capacity];
        long[] newDues = new long[capacity];
        System.arraycopy(ids, head, newIds, 0, size);
        System.arraycopy(hashes, head, newHashes, 0, size);
        System.arraycopy(dues, head, newDues, 0, size);
        ids = newIds;
        hashes = newHashes;
        dues = newDues;
        head = 0;
        tail = size;
    }

    /** All of it is in the store now. */
    void stored() {
        changedFrom = Long.MAX_VALUE;
    }

    @Override
    public long first() {
        return first;
    }

    @Override
    public long end() {
        return first + size();
    }

    @Override
    public long changedFrom() {
        return changedFrom;
    }

    @Override
    public void startAt(long number) {
        first = number;
    }

    @Override
    public void write(Bytes out, long from, long to) {
        long before = 0;
        for (int i = head + (int) (from - first); i < head + (int) (to - first); i++) {
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
