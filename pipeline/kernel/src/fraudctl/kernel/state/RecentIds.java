package fraudctl.kernel.state;

import fraudctl.kernel.event.ContentHash;
import fraudctl.kernel.wire.Bytes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The ids of a user's events that were scored within the dedup window, each with a hash of what the event said,
 * in the order of their dues.
 * Most users have a few, so they lie in plain arrays; an index is made when there are many.
 */
final class RecentIds extends Series {
    private static final int MOST_WITHOUT_INDEX = 64;

    private String[] ids = new String[2];
    /** Of the ids: a copy is told from the others without looking at their texts, which are far apart in memory. */
    private int[] hashes = new int[2];
    private long[] contents = new long[2];
    private long[] dues = new long[2];
    private int textBytes;
    /** By id the contents it came with: nearly always one. */
    private Map<String, long[]> index;
    /** Of the form that is read: the one before had no contents. */
    boolean isWithoutContents;
    final Chunks chunks = new Chunks(Chunks.IDS);

    /** What is remembered of an id and a content. */
    enum Known { NOTHING, COPY, OTHER_CONTENT }

    long newestDue() {
        return dues[tail - 1];
    }

    /** Forgets ids whose first copy was due at or before the horizon. */
    void evict(long horizon) {
        while (head < tail && dues[head] <= horizon) {
            if (index != null) {
                index.computeIfPresent(ids[head], (id, known) -> without(known, contents[head]));
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

    Known find(String id, long content) {
        if (index != null) {
            return find(index.get(id), content);
        }
        int hash = id.hashCode();
        Known found = Known.NOTHING;
        for (int i = head; i < tail; i++) {
            if (hashes[i] == hash && ids[i].equals(id)) {
                if (isSame(contents[i], content)) {
                    return Known.COPY;
                }
                found = Known.OTHER_CONTENT;
            }
        }
        return found;
    }

    private static Known find(long[] known, long content) {
        if (known == null) {
            return Known.NOTHING;
        }
        for (long one : known) {
            if (isSame(one, content)) {
                return Known.COPY;
            }
        }
        return Known.OTHER_CONTENT;
    }

    /** What a kernel before this one remembered it called a copy whatever it said. */
    private static boolean isSame(long known, long content) {
        return known == content || known == ContentHash.UNKNOWN || content == ContentHash.UNKNOWN;
    }

    private static long[] with(long[] known, long content) {
        long[] longer = Arrays.copyOf(known, known.length + 1);
        longer[known.length] = content;
        return longer;
    }

    private static long[] without(long[] known, long content) {
        return known.length == 1 ? null : Arrays.stream(known).filter(one -> one != content).toArray();
    }

    private void enter(int at) {
        index.merge(ids[at], new long[] {contents[at]}, (known, one) -> with(known, one[0]));
    }

    void add(String id, long content, long due) {
        reserve();
        changed(tail);
        textBytes += Weight.of(id);
        ids[tail] = id;
        hashes[tail] = id.hashCode();
        contents[tail] = content;
        dues[tail++] = due;
        if (index != null) {
            enter(tail - 1);
        } else if (size() > MOST_WITHOUT_INDEX) {
            index = new HashMap<>();
            for (int i = head; i < tail; i++) {
                enter(i);
            }
        }
    }

    /** All of it is to be written anew, in the form of today. */
    void rewrite() {
        isWithoutContents = false;
        changed(head);
    }

    int weight() {
        return 128 + Weight.ARRAY * 4 + ids.length * (Weight.POINTER + 20) + textBytes
                + (index == null ? 0 : 64 + size() * (Weight.HASH_NODE + 24));
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
        contents = moved(contents, capacity);
        dues = moved(dues, capacity);
    }

    @Override
    public void write(Bytes out, long from, long to) {
        long before = 0;
        for (int i = at(from); i < at(to); i++) {
            out.writeText(ids[i]);
            out.writeWord(contents[i]);
            out.writeLong(dues[i] - before);
            before = dues[i];
        }
    }

    @Override
    public void read(Bytes in, long from, long to, long wanted) {
        long before = 0;
        for (long number = from; number < to; number++) {
            String id = in.readText();
            long content = isWithoutContents ? ContentHash.UNKNOWN : in.readWord();
            before += in.readLong();
            if (number >= wanted) {
                add(id, content, before);
            }
        }
    }
}
