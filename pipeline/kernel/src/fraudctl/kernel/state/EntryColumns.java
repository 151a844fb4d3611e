package fraudctl.kernel.state;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.Slots;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.wire.Bytes;

/**
 * The recent entries of a key in the order of their positions, a column per quantity, and the running totals
 * over them. Knows how entries come and go; what they mean is {@link KeyState}'s and {@code Features}'.
 */
public final class EntryColumns extends Series {
    /** Running totals pay from about here; below, looking at every entry is cheaper. */
    private static final int ENTRIES_FOR_TOTALS = 24;

    public long[] pos = new long[2];
    public long[] amount = new long[2];
    public long[] bits = new long[2];
    public String[][] columns;
    final Chunks chunks;
    private Running[] running;
    /** What the texts take, each counted where it is not the object of the entry before. */
    private int textBytes;

    /** @param kind of its pieces among all of the key */
    EntryColumns(int columnCount, int kind) {
        chunks = new Chunks(kind);
        columns = new String[columnCount][2];
    }

    /** Goes on with conditions and columns that mean the same since an epoch this state has seen. */
    void adopt(int epoch, int[] conditionSince, int[] columnSince) {
        boolean changes = adoptBits(epoch, conditionSince) | adoptColumns(epoch, columnSince);
        if (changes) {
            changed(head);
        }
        running = null;
        textBytes = 0;
        for (int i = head; i < tail; i++) {
            textBytes += textBytes(i);
        }
    }

    private boolean adoptBits(int epoch, int[] since) {
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

    private boolean adoptColumns(int epoch, int[] since) {
        String[][] kept = new String[since.length][];
        KeyState.copyKept(columns, kept, since, epoch);
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

    public void dropOldest() {
        if (running != null) {
            for (Running totals : running) {
                totals.evicted(this);
            }
        }
        for (String[] column : columns) {
            textBytes -= head + 1 < tail && column[head + 1] == column[head] ? 0 : Weight.of(column[head]);
            column[head] = null;
        }
        headDropped();
        if (isEmpty()) {
            shift(head);
            head = 0;
            tail = 0;
        }
    }

    /** Inserts behind every entry with the same or an earlier position and returns the index. */
    public int insert(Event event, long position, long conditionBits, int[] slots) {
        reserve();
        int at = tail;
        while (at > head && pos[at - 1] > position) {
            at--;
        }
        if (at < tail) {
            shiftRight(at);
        }
        changed(at);
        pos[at] = position;
        amount[at] = event.amountUnits;
        bits[at] = conditionBits;
        for (int c = 0; c < columns.length; c++) {
            columns[c][at] = slots[c] == Slots.NO_SLOT ? null : shared(columns[c], at, event.text(slots[c]));
        }
        tail++;
        if (at < tail - 1) {
            inserted(at);
        }
        return at;
    }

    private void inserted(int at) {
        for (String[] column : columns) {
            String next = column[at + 1];
            textBytes += weight(column[at], next) - (at == head ? Weight.of(next) : weight(column[at - 1], next));
        }
        if (running != null) {
            for (Running totals : running) {
                totals.inserted(this, at);
            }
        }
    }

    /** The value before it where it is the same: most keys repeat a few values, and memory is what limits the cache. */
    private String shared(String[] column, int at, String value) {
        if (at > head && value != null && value.equals(column[at - 1])) {
            return column[at - 1];
        }
        textBytes += Weight.of(value);
        return value;
    }

    /** What a text takes behind that of the entry before. */
    private static int weight(String before, String text) {
        return text == before ? 0 : Weight.of(text);
    }

    private int textBytes(int at) {
        int taken = 0;
        for (String[] column : columns) {
            taken += at == head ? Weight.of(column[at]) : weight(column[at - 1], column[at]);
        }
        return taken;
    }

    public void remove(int at) {
        changed(at);
        textBytes -= textBytes(at) + (at + 1 < tail ? textBytes(at + 1) : 0);
        int after = tail - at - 1;
        System.arraycopy(pos, at + 1, pos, at, after);
        System.arraycopy(amount, at + 1, amount, at, after);
        System.arraycopy(bits, at + 1, bits, at, after);
        for (String[] column : columns) {
            System.arraycopy(column, at + 1, column, at, after);
            column[tail - 1] = null;
        }
        tail--;
        textBytes += at < tail ? textBytes(at) : 0;
        running = null;
    }

    /**
     * The running totals, moved to the event that was just inserted at the end but not yet with it, or null
     * when the key has too few entries or the event did not come last.
     */
    public Running[] totalsBefore(int at, Hop hop) {
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
    public int firstAfter(long position) {
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

    int weight() {
        int totals = 0;
        if (running != null) {
            for (Running one : running) {
                totals += one.weight();
            }
        }
        int arrays = Weight.ARRAY * (4 + columns.length) + pos.length * (24 + Weight.POINTER * columns.length);
        return 96 + arrays + textBytes + totals;
    }

    @Override
    public void write(Bytes out, long from, long to) {
        long before = 0;
        for (int i = at(from); i < at(to); i++) {
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
            reserve();
            before += in.readLong();
            pos[tail] = before;
            amount[tail] = in.readLong();
            bits[tail] = in.readLong();
            for (String[] column : columns) {
                String text = in.readText();
                column[tail] = number < wanted ? null : shared(column, tail, text);
            }
            tail += number < wanted ? 0 : 1;
        }
    }

    @Override
    int capacity() {
        return pos.length;
    }

    @Override
    void move(int capacity) {
        pos = moved(pos, capacity);
        amount = moved(amount, capacity);
        bits = moved(bits, capacity);
        for (int c = 0; c < columns.length; c++) {
            columns[c] = moved(columns[c], capacity);
        }
        shift(head);
    }

    private void shift(int by) {
        if (running != null) {
            for (Running totals : running) {
                totals.shifted(by);
            }
        }
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
