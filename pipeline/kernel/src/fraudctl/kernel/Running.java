package fraudctl.kernel;

import java.math.BigInteger;
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
    private static final BigInteger HUNDRED_MILLION = BigInteger.valueOf(100_000_000L);

    private final Plan.Totals totals;
    /** Index of the first entry inside. */
    int from;
    private int to;
    boolean isValid;
    private long count;
    private long sumHigh;
    private long sumLow;
    private long squaresTop;
    private long squaresHigh;
    private long squaresLow;
    private long lastPos = Long.MIN_VALUE;
    private Map<String, int[]> values;

    Running(Plan.Totals totals) {
        this.totals = totals;
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
        count = 0;
        sumHigh = 0;
        sumLow = 0;
        squaresTop = 0;
        squaresHigh = 0;
        squaresLow = 0;
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
        long amount = state.amount[at];
        count += sign;
        addToSum(sign * amount);
        if (totals.needsSquares) {
            addSquare(amount, sign);
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

    private void addToSum(long amount) {
        long low = sumLow + amount;
        sumHigh += (amount >> 63) + (Long.compareUnsigned(low, sumLow) < 0 ? 1 : 0);
        sumLow = low;
    }

    /** 192 bits, so that no number of the largest amounts outgrows them. */
    private void addSquare(long amount, int sign) {
        long high = Math.multiplyHigh(amount, amount);
        long low = amount * amount;
        if (sign > 0) {
            squaresLow += low;
            long carry = Long.compareUnsigned(squaresLow, low) < 0 ? 1 : 0;
            squaresHigh += high + carry;
            squaresTop += Long.compareUnsigned(squaresHigh, high + carry) < 0 ? 1 : 0;
        } else {
            long borrow = Long.compareUnsigned(squaresLow, low) < 0 ? 1 : 0;
            squaresLow -= low;
            squaresTop -= Long.compareUnsigned(squaresHigh, high + borrow) < 0 ? 1 : 0;
            squaresHigh -= high + borrow;
        }
    }

    long count() {
        return count;
    }

    long distinct() {
        return values.size();
    }

    /** Amount units: a Long, or a BigInteger where the sum outgrows it. */
    Object sum() {
        return sumHigh == sumLow >> 63 ? (Object) sumLow : wide(sumHigh, sumLow);
    }

    /** Null when there is nothing to take the mean of. */
    Double mean() {
        if (count == 0) {
            return null;
        }
        return sum() instanceof Long small
                ? Money.quotient(small, count * Money.UNITS)
                : Money.quotient(wide(sumHigh, sumLow), BigInteger.valueOf(count * Money.UNITS));
    }

    /** sqrt((n Sxx - Sx^2) / (n (n - 1))), the sample deviation, from exact integer sums of units; null under two. */
    Double deviation() {
        if (count < 2) {
            return null;
        }
        BigInteger n = BigInteger.valueOf(count);
        BigInteger sum = wide(sumHigh, sumLow);
        BigInteger spread = n.multiply(squares()).subtract(sum.multiply(sum));
        return Math.sqrt(Money.quotient(spread, BigInteger.valueOf(count * (count - 1)).multiply(HUNDRED_MILLION)));
    }

    private BigInteger squares() {
        return BigInteger.valueOf(squaresTop).shiftLeft(128)
                .add(unsigned(squaresHigh).shiftLeft(64)).add(unsigned(squaresLow));
    }

    private static BigInteger unsigned(long word) {
        return word >= 0 ? BigInteger.valueOf(word) : BigInteger.valueOf(word).add(BigInteger.ONE.shiftLeft(64));
    }

    private static BigInteger wide(long high, long low) {
        return BigInteger.valueOf(high).shiftLeft(64).add(unsigned(low));
    }
}
