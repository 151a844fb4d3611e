package fraudctl.kernel;

import java.util.HashMap;
import java.util.Map;

/**
 * Running totals of one window or session over the entries of one key, kept up as entries come and go, so
 * that an event of a key with thousands of entries costs no more than one of a key with ten.
 *
 * <p>Only for events in the order of their positions; whatever else happens to the entries makes the
 * totals invalid and they are made anew from the entries. Never stored.
 */
final class Running {
    private final Plan.Totals totals;
    /** Index of the first entry inside. */
    int from;
    private int to;
    boolean isValid;
    final Moments moments;
    private long lastPos = Long.MIN_VALUE;
    private Map<String, int[]> values;

    Running(Plan.Totals totals) {
        this.totals = totals;
        this.moments = new Moments(totals.needsSquares);
    }

    /** Makes the totals of the entries before index {@code to}, those that {@code moveTo} would leave inside. */
    void rebuild(KeyState state, int to) {
        clear(state.head);
        for (int i = state.head; i < to; i++) {
            if (totals.sessionGapMs > 0 && meets(state, i) && lastPos != Long.MIN_VALUE
                    && state.pos[i] - lastPos > totals.sessionGapMs) {
                clear(i);
            }
            add(state, i);
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
    void moveTo(KeyState state, long pos) {
        if (totals.sessionGapMs > 0 && lastPos != Long.MIN_VALUE && pos - lastPos > totals.sessionGapMs) {
            clear(to);
            return;
        }
        long horizon = pos - (totals.sessionGapMs > 0 ? Plan.SESSION_RETENTION_MS : totals.windowMs);
        while (from < to && state.pos[from] <= horizon) {
            dropFirst(state);
        }
    }

    void add(KeyState state, int at) {
        to = at + 1;
        if (meets(state, at)) {
            change(state, at, 1);
            lastPos = state.pos[at];
        }
    }

    /** An entry has come in somewhere before the last one. */
    void inserted(KeyState state, int at) {
        if (totals.sessionGapMs > 0) {
            isValid = false;
        } else if (at < from) {
            from++;
            to++;
        } else {
            to++;
            if (meets(state, at)) {
                change(state, at, 1);
            }
        }
    }

    /** The first entry of the key goes away altogether. */
    void evicted(KeyState state) {
        if (from == state.head && from < to) {
            dropFirst(state);
        } else if (from == state.head) {
            from++;
            to = Math.max(to, from);
        }
    }

    /** The entries have moved to lower indices. */
    void shifted(int by) {
        from -= by;
        to -= by;
    }

    private void dropFirst(KeyState state) {
        if (meets(state, from)) {
            change(state, from, -1);
        }
        from++;
    }

    private boolean meets(KeyState state, int at) {
        return (state.bits[at] & totals.mask) == totals.mask;
    }

    private void change(KeyState state, int at, int sign) {
        if (sign > 0) {
            moments.add(state.amount[at]);
        } else {
            moments.remove(state.amount[at]);
        }
        if (values != null && state.columns[totals.column][at] != null) {
            String value = state.columns[totals.column][at];
            int[] seen = values.computeIfAbsent(value, ignored -> new int[1]);
            seen[0] += sign;
            if (seen[0] == 0) {
                values.remove(value);
            }
        }
    }

    long distinct() {
        return values.size();
    }
}
