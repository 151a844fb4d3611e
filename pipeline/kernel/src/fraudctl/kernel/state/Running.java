package fraudctl.kernel.state;

import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.Totals;
import java.util.HashMap;
import java.util.Map;

/**
 * Running totals of one window or session over the entries of one key, kept up as entries come and go, so
 * that an event of a key with thousands of entries costs no more than one of a key with ten.
 *
 * <p>Only for events in the order of their positions; whatever else happens to the entries makes the
 * totals invalid and they are made anew from the entries. Never stored.
 */
public final class Running {
    private final Totals totals;
    /** Index of the first entry inside. */
    int from;
    private int to;
    boolean isValid;
    public final Moments moments;
    private long lastPos = Long.MIN_VALUE;
    private Map<String, int[]> values;

    Running(Totals totals) {
        this.totals = totals;
        this.moments = new Moments(totals.needsSquares);
    }

    /** Makes the totals of the entries before index {@code to}, those that {@code moveTo} would leave inside. */
    void rebuild(EntryColumns entries, int to) {
        clear(entries.head);
        for (int i = entries.head; i < to; i++) {
            if (totals.sessionGapMs > 0 && meets(entries, i) && lastPos != Long.MIN_VALUE
                    && entries.pos[i] - lastPos > totals.sessionGapMs) {
                clear(i);
            }
            add(entries, i);
        }
        isValid = true;
    }

    private void clear(int at) {
        from = at;
        to = at;
        moments.clear();
        lastPos = Long.MIN_VALUE;
        values = totals.column >= 0 ? new HashMap<>() : null;
    }

    /** Drops what lies outside the window or session that ends at the position. */
    void moveTo(EntryColumns entries, long pos) {
        if (totals.sessionGapMs > 0 && lastPos != Long.MIN_VALUE && pos - lastPos > totals.sessionGapMs) {
            clear(to);
            return;
        }
        long horizon = pos - (totals.sessionGapMs > 0 ? Plan.SESSION_RETENTION_MS : totals.windowMs);
        while (from < to && entries.pos[from] <= horizon) {
            dropFirst(entries);
        }
    }

    public void add(EntryColumns entries, int at) {
        to = at + 1;
        if (meets(entries, at)) {
            change(entries, at, 1);
            lastPos = entries.pos[at];
        }
    }

    /** An entry has come in somewhere before the last one. */
    void inserted(EntryColumns entries, int at) {
        if (totals.sessionGapMs > 0) {
            isValid = false;
        } else if (at < from) {
            from++;
            to++;
        } else {
            to++;
            if (meets(entries, at)) {
                change(entries, at, 1);
            }
        }
    }

    /** The first entry of the key goes away altogether. */
    void evicted(EntryColumns entries) {
        if (from == entries.head && from < to) {
            dropFirst(entries);
        } else if (from == entries.head) {
            from++;
            to = Math.max(to, from);
        }
    }

    /** The entries have moved to lower indices. */
    void shifted(int by) {
        from -= by;
        to -= by;
    }

    private void dropFirst(EntryColumns entries) {
        if (meets(entries, from)) {
            change(entries, from, -1);
        }
        from++;
    }

    private boolean meets(EntryColumns entries, int at) {
        return (entries.bits[at] & totals.mask) == totals.mask;
    }

    private void change(EntryColumns entries, int at, int sign) {
        if (sign > 0) {
            moments.add(entries.amount[at]);
        } else {
            moments.remove(entries.amount[at]);
        }
        if (values != null && entries.columns[totals.column][at] != null) {
            String value = entries.columns[totals.column][at];
            int[] seen = values.computeIfAbsent(value, ignored -> new int[1]);
            seen[0] += sign;
            if (seen[0] == 0) {
                values.remove(value);
            }
        }
    }

    int weight() {
        return 136 + (values == null ? 0 : 64 + values.size() * (Weight.HASH_NODE + 24));
    }

    public long distinct() {
        return values.size();
    }
}
