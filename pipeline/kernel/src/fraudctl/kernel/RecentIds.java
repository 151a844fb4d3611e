package fraudctl.kernel;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;

/**
 * The ids of a user's events that were scored within the dedup window, in the order of their dues.
 * Most users have a few, so they lie in plain arrays; an index is made when there are many.
 */
final class RecentIds {
    private static final int MOST_WITHOUT_INDEX = 16;

    private String[] ids = new String[2];
    private long[] dues = new long[2];
    private int head;
    private int tail;
    private Set<String> index;

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
        for (int i = head; i < tail; i++) {
            if (ids[i].equals(id)) {
                return true;
            }
        }
        return false;
    }

    void add(String id, long due) {
        if (tail == ids.length) {
            makeRoom();
        }
        ids[tail] = id;
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
        long[] newDues = new long[capacity];
        System.arraycopy(ids, head, newIds, 0, size);
        System.arraycopy(dues, head, newDues, 0, size);
        ids = newIds;
        dues = newDues;
        head = 0;
        tail = size;
    }

    void write(DataOutputStream out) throws IOException {
        StateCodec.writeLong(out, size());
        long before = 0;
        for (int i = head; i < tail; i++) {
            StateCodec.writeText(out, ids[i]);
            StateCodec.writeLong(out, dues[i] - before);
            before = dues[i];
        }
    }

    static RecentIds read(DataInputStream in) throws IOException {
        RecentIds read = new RecentIds();
        long before = 0;
        for (long left = StateCodec.readLong(in); left > 0; left--) {
            String id = StateCodec.readText(in);
            before += StateCodec.readLong(in);
            read.add(id, before);
        }
        return read;
    }
}
