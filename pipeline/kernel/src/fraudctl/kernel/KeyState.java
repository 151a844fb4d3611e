package fraudctl.kernel;

/**
 * What a hop remembers of one key: recent entries in the order of their positions, and the records of
 * first_seen, previous and dedup. Whether something is still there is always asked of the due of the
 * event in hand, never of a timer; see docs/semantics.md.
 */
final class KeyState implements Chunks.Items {
    static final long NONE = Long.MIN_VALUE;
    /** Running totals pay from about here; below, looking at every entry is cheaper. */
    private static final int ENTRIES_FOR_TOTALS = 24;

    private Plan.Hop hop;
    /** The plan under which it was last changed; its numbers are that plan's. */
    private int epoch;
    long[] pos = new long[2];
    long[] amount = new long[2];
    long[] bits = new long[2];
    String[][] columns;
    int head;
    int tail;
    /** Number of the entry at {@code head}, counted from the first that the key ever had. */
    private long first;
    private long changedFrom = Long.MAX_VALUE;
    final Chunks entryChunks = new Chunks(0);
    /** Greatest position that was dropped because the key held too many entries. */
    long cut = NONE;
    SeenValues[] firstSeen;
    Last[] previous;
    /** Null where there are none; only the user hop has any. */
    RecentIds scored;
    /** When the reclaiming timer of this key is to fire; NONE when there is none. */
    long timer = NONE;
    private Running[] running;

    /** The last value of a field and when it was seen. */
    record Last(long pos, String value) {}

    KeyState(Plan.Hop hop) {
        this(hop.epoch, hop.columns.length);
        this.hop = hop;
        firstSeen = new SeenValues[hop.firstSeenSince.length];
        previous = new Last[hop.previousSince.length];
    }

    /** To be read from its stored form, which is of that plan, and then to be adopted. */
    KeyState(int epoch, int columnCount) {
        this.epoch = epoch;
        columns = new String[columnCount][2];
    }

    Plan.Hop hop() {
        return hop;
    }

    int epoch() {
        return epoch;
    }

    /** Goes on under that plan: what a number meant before the epoch since which it means something else goes. */
    void adopt(Plan.Hop next) {
        hop = next;
        if (epoch == next.epoch) {
            return;
        }
        boolean changes = adoptBits(next.conditionSince) | adoptColumns(next.columnSince);
        SeenValues[] seen = new SeenValues[next.firstSeenSince.length];
        copyKept(firstSeen, seen, next.firstSeenSince);
        firstSeen = seen;
        Last[] last = new Last[next.previousSince.length];
        copyKept(previous, last, next.previousSince);
        previous = last;
        changedFrom = changes ? first : changedFrom;
        running = null;
        epoch = next.epoch;
    }

    private boolean adoptBits(int[] since) {
        long kept = 0;
        for (int n = 0; n < since.length; n++) {
            kept |= since[n] <= epoch ? 1L << n : 0;
        }
        boolean changes = false;
        for (int i = head; i < tail; i++) {
            changes |= (bits[i] & ~kept) != 0;
            bits[i] &= kept;
        }
        return changes;
    }

    private boolean adoptColumns(int[] since) {
        String[][] kept = new String[since.length][];
        copyKept(columns, kept, since);
        boolean changes = since.length != columns.length;
        for (int c = 0; c < kept.length; c++) {
            if (kept[c] == null) {
                kept[c] = new String[pos.length];
                changes = true;
            }
        }
        columns = kept;
        return changes;
    }

    private <T> void copyKept(T[] from, T[] to, int[] since) {
        for (int n = 0; n < to.length; n++) {
            to[n] = n < from.length && since[n] <= epoch ? from[n] : null;
        }
    }

    int size() {
        return tail - head;
    }

    /** Forgets entries at or before the horizon, which is the due in hand less the retention. */
    void evict(long horizon) {
        while (head < tail && pos[head] <= horizon) {
            dropOldest();
        }
        if (cut <= horizon) {
            cut = NONE;
        }
    }

    void dropOldest() {
        if (running != null) {
            for (Running totals : running) {
                totals.evicted(this);
            }
        }
        for (String[] column : columns) {
            column[head] = null;
        }
        head++;
        first++;
        if (head == tail) {
            shift(head);
            head = 0;
            tail = 0;
        }
    }

    /** Inserts behind every entry with the same or an earlier position and returns the index. */
    int insert(Event event, long conditionBits) {
        if (tail == pos.length) {
            makeRoom();
        }
        int at = tail;
        while (at > head && pos[at - 1] > event.pos) {
            at--;
        }
        if (at < tail) {
            shiftRight(at);
        }
        changedFrom = Math.min(changedFrom, first + at - head);
        pos[at] = event.pos;
        amount[at] = event.amountUnits;
        bits[at] = conditionBits;
        for (int c = 0; c < columns.length; c++) {
            columns[c][at] = hop.columns[c] == Plan.NO_SLOT
                    ? null : shared(columns[c], at, event.text(hop.columns[c]));
        }
        tail++;
        if (running != null && at < tail - 1) {
            for (Running totals : running) {
                totals.inserted(this, at);
            }
        }
        return at;
    }

    /** The value before it where it is the same: most keys repeat a few values, and memory is what limits the cache. */
    private String shared(String[] column, int at, String value) {
        return at > head && value != null && value.equals(column[at - 1]) ? column[at - 1] : value;
    }

    void remove(int at) {
        changedFrom = Math.min(changedFrom, first + at - head);
        int after = tail - at - 1;
        System.arraycopy(pos, at + 1, pos, at, after);
        System.arraycopy(amount, at + 1, amount, at, after);
        System.arraycopy(bits, at + 1, bits, at, after);
        for (String[] column : columns) {
            System.arraycopy(column, at + 1, column, at, after);
            column[tail - 1] = null;
        }
        tail--;
        running = null;
    }

    /**
     * The running totals, moved to the event that was just inserted at the end but not yet with it, or null
     * when the key has too few entries or the event did not come last.
     */
    Running[] totalsBefore(int at) {
        if (at < tail - 1) {
            return null;
        }
        if (size() < ENTRIES_FOR_TOTALS) {
            running = null;
            return null;
        }
        if (running == null) {
            running = new Running[hop.totals.size()];
            for (int i = 0; i < running.length; i++) {
                running[i] = new Running(hop.totals.get(i));
            }
        }
        for (Running totals : running) {
            if (!totals.isValid) {
                totals.rebuild(this, at);
            }
            totals.moveTo(this, pos[at]);
        }
        return running;
    }

    /** Index of the first entry whose position is greater than the given one. */
    int firstAfter(long position) {
        int low = head;
        int high = tail;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (pos[middle] > position) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Whether this is a copy of an event already scored; remembers it when it is the first. */
    boolean isDuplicate(Event event, long windowMs) {
        if (scored == null) {
            scored = new RecentIds();
        }
        scored.evict(event.due - windowMs - 1);
        if (scored.contains(event.eventId)) {
            return true;
        }
        scored.add(event.eventId, event.due);
        return false;
    }

    /** Drops what the watermark has made unreachable and tells when the rest will be; NONE when nothing is left. */
    long reclaim(long watermark, long dedupWindowMs) {
        evict(Math.max(watermark - hop.heldMs, hop.floorMs));
        if (scored != null) {
            scored.evict(watermark - dedupWindowMs);
        }
        for (Plan.Feature feature : hop.features) {
            long horizon = watermark - feature.ttlMs;
            if (feature.aggregate == Plan.Aggregate.FIRST_SEEN && firstSeen[feature.record] != null) {
                firstSeen[feature.record].evict(horizon);
            } else if (feature.aggregate == Plan.Aggregate.PREVIOUS && previous[feature.record] != null
                    && previous[feature.record].pos() <= horizon) {
                previous[feature.record] = null;
            }
        }
        return expiry(dedupWindowMs);
    }

    /** The watermark at which all that is held now will be unreachable; NONE when nothing is held. */
    long expiry(long dedupWindowMs) {
        long expiry = size() > 0 ? pos[tail - 1] + hop.heldMs : NONE;
        if (cut != NONE) {
            expiry = Math.max(expiry, cut + hop.heldMs);
        }
        if (scored != null && !scored.isEmpty()) {
            expiry = Math.max(expiry, scored.newestDue() + dedupWindowMs);
        }
        for (Plan.Feature feature : hop.features) {
            if (feature.aggregate == Plan.Aggregate.FIRST_SEEN) {
                SeenValues seen = firstSeen[feature.record];
                if (seen != null && !seen.isEmpty()) {
                    expiry = Math.max(expiry, seen.newestSight() + feature.ttlMs);
                }
            } else if (feature.aggregate == Plan.Aggregate.PREVIOUS && previous[feature.record] != null) {
                expiry = Math.max(expiry, previous[feature.record].pos() + feature.ttlMs);
            }
        }
        return expiry;
    }

    /** Whether its blob holds all of it. */
    boolean isInline() {
        return Chunks.isInline(this) && entryChunks.isEmpty()
                && (scored == null || Chunks.isInline(scored) && scored.chunks.isEmpty());
    }

    /** A rough weight in bytes, for the cache; strings of other fields than the key are mostly the entry's own. */
    int weight() {
        int seen = 0;
        for (SeenValues values : firstSeen) {
            seen += values == null ? 0 : 64 + 80 * values.size();
        }
        return 200 + pos.length * 24 + size() * 64 * columns.length + seen
                + (scored == null ? 0 : 64 + scored.size() * 80)
                + (running == null ? 0 : running.length * (160 + 16 * size()));
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
            out.writeLong(pos[i] - before);
            before = pos[i];
            out.writeLong(amount[i]);
            out.writeLong(bits[i]);
            for (String[] column : columns) {
                out.writeText(column[i]);
            }
        }
    }

    @Override
    public void read(Bytes in, long from, long to, long wanted) {
        long before = 0;
        for (long number = from; number < to; number++) {
            if (tail == pos.length) {
                makeRoom();
            }
            before += in.readLong();
            pos[tail] = before;
            amount[tail] = in.readLong();
            bits[tail] = in.readLong();
            for (String[] column : columns) {
                column[tail] = shared(column, tail, in.readText());
            }
            tail += number >= wanted ? 1 : 0;
        }
    }

    private void makeRoom() {
        int size = size();
        int capacity = size > pos.length / 2 ? pos.length * 2 : pos.length;
        pos = moved(pos, capacity);
        amount = moved(amount, capacity);
        bits = moved(bits, capacity);
        for (int c = 0; c < columns.length; c++) {
            String[] column = new String[capacity];
            System.arraycopy(columns[c], head, column, 0, size);
            columns[c] = column;
        }
        shift(head);
        head = 0;
        tail = size;
    }

    private void shift(int by) {
        if (running != null) {
            for (Running totals : running) {
                totals.shifted(by);
            }
        }
    }

    private long[] moved(long[] from, int capacity) {
        long[] to = new long[capacity];
        System.arraycopy(from, head, to, 0, tail - head);
        return to;
    }

    private void shiftRight(int at) {
        int after = tail - at;
        System.arraycopy(pos, at, pos, at + 1, after);
        System.arraycopy(amount, at, amount, at + 1, after);
        System.arraycopy(bits, at, bits, at + 1, after);
        for (String[] column : columns) {
            System.arraycopy(column, at, column, at + 1, after);
        }
    }
}
