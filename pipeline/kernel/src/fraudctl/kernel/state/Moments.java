package fraudctl.kernel.state;

import fraudctl.kernel.wire.Money;
import java.math.BigInteger;

/**
 * Count, sum and sum of squares of amounts, exact: whatever their size, adding and removing leaves no trace,
 * and a mean or deviation is rounded once, at the end.
 */
public final class Moments {
    private static final BigInteger HUNDRED_MILLION = BigInteger.valueOf(100_000_000L);

    private final boolean withSquares;
    private long count;
    private long sumHigh;
    private long sumLow;
    /** 192 bits, so that no number of the largest amounts outgrows them. */
    private long squaresTop;
    private long squaresHigh;
    private long squaresLow;

    public Moments(boolean withSquares) {
        this.withSquares = withSquares;
    }

    void clear() {
        count = 0;
        sumHigh = 0;
        sumLow = 0;
        squaresTop = 0;
        squaresHigh = 0;
        squaresLow = 0;
    }

    public void add(long amount) {
        count++;
        addToSum(amount);
        if (withSquares) {
            long high = Math.multiplyHigh(amount, amount);
            long low = amount * amount;
            squaresLow += low;
            long carried = high + (Long.compareUnsigned(squaresLow, low) < 0 ? 1 : 0);
            squaresHigh += carried;
            squaresTop += Long.compareUnsigned(squaresHigh, carried) < 0 ? 1 : 0;
        }
    }

    void remove(long amount) {
        count--;
        addToSum(-amount);
        if (withSquares) {
            long low = amount * amount;
            long borrowed = Math.multiplyHigh(amount, amount) + (Long.compareUnsigned(squaresLow, low) < 0 ? 1 : 0);
            squaresLow -= low;
            squaresTop -= Long.compareUnsigned(squaresHigh, borrowed) < 0 ? 1 : 0;
            squaresHigh -= borrowed;
        }
    }

    private void addToSum(long amount) {
        long low = sumLow + amount;
        sumHigh += (amount >> 63) + (Long.compareUnsigned(low, sumLow) < 0 ? 1 : 0);
        sumLow = low;
    }

    public long count() {
        return count;
    }

    /** Amount units: a Long, or a BigInteger where the sum outgrows it. */
    public Object sum() {
        return fitsLong() ? (Object) sumLow : wideSum();
    }

    /** In currency units; null when there is nothing to take the mean of. */
    public Double mean() {
        if (count == 0) {
            return null;
        }
        return fitsLong()
                ? Money.quotient(sumLow, count * Money.UNITS)
                : Money.quotient(wideSum(), BigInteger.valueOf(count * Money.UNITS));
    }

    /** sqrt((n Sxx - Sx^2) / (n (n - 1))), the sample deviation in currency units; null under two amounts. */
    public Double deviation() {
        if (count < 2) {
            return null;
        }
        BigInteger n = BigInteger.valueOf(count);
        BigInteger sum = wideSum();
        BigInteger spread = n.multiply(squares()).subtract(sum.multiply(sum));
        return Math.sqrt(Money.quotient(spread, BigInteger.valueOf(count * (count - 1)).multiply(HUNDRED_MILLION)));
    }

    private boolean fitsLong() {
        return sumHigh == sumLow >> 63;
    }

    private BigInteger wideSum() {
        return fitsLong() ? BigInteger.valueOf(sumLow)
                : BigInteger.valueOf(sumHigh).shiftLeft(64).add(unsigned(sumLow));
    }

    private BigInteger squares() {
        return squaresTop == 0 && squaresHigh == 0 && squaresLow >= 0 ? BigInteger.valueOf(squaresLow)
                : BigInteger.valueOf(squaresTop).shiftLeft(128)
                        .add(unsigned(squaresHigh).shiftLeft(64)).add(unsigned(squaresLow));
    }

    private static BigInteger unsigned(long word) {
        return word >= 0 ? BigInteger.valueOf(word) : BigInteger.valueOf(word).add(BigInteger.ONE.shiftLeft(64));
    }
}
