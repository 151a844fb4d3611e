package fraudctl.kernel.hop;

import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.state.EntryColumns;
import fraudctl.kernel.state.Moments;
import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Numbers that entries keep as texts beside the amount: sums, means and deviations of them. Money is exact; other
 * numbers are doubles, whose exact sums and quotients are rounded once. Entries without the number do not count.
 */
final class ColumnValues {
    /** Every double is a whole multiple of 2^-1074. */
    private static final int FINEST = 1_074;
    private static final int DOUBLE_BITS = 53;
    /** More than a double has, so that the last one can say that something is left behind it. */
    private static final int ENOUGH_BITS = 66;

    private ColumnValues() {}

    /** A value that was kept as text. */
    static Object read(String text, Feature.Kind kind) {
        if (kind == null) {
            return text;
        }
        return switch (kind) {
            case MONEY, INTEGER -> (Object) Long.parseLong(text);
            case NUMBER -> (Object) Double.parseDouble(text);
            case TRUTH -> (Object) text.equals("true");
        };
    }

    /** Over the entries from index to index that met the condition. */
    static Object aggregate(Feature feature, EntryColumns entries, long mask, int from, int to) {
        return feature.ofKind == Feature.Kind.MONEY
                ? ofMoney(feature, entries, mask, from, to) : ofNumbers(feature, entries, mask, from, to);
    }

    private static Object ofMoney(Feature feature, EntryColumns entries, long mask, int from, int to) {
        Moments moments = new Moments(true);
        Long least = null;
        Long most = null;
        for (int i = from; i <= to; i++) {
            String text = text(feature, entries, mask, i);
            if (text != null) {
                long units = Long.parseLong(text);
                moments.add(units);
                least = least == null ? units : Math.min(least, units);
                most = most == null ? units : Math.max(most, units);
            }
        }
        return switch (feature.aggregate) {
            case SUM -> moments.sum();
            case MIN -> least;
            case MAX -> most;
            case STDDEV_BEFORE -> moments.deviation();
            default -> moments.mean();
        };
    }

    private static Object ofNumbers(Feature feature, EntryColumns entries, long mask, int from, int to) {
        long count = 0;
        BigInteger sum = BigInteger.ZERO;
        BigInteger squares = BigInteger.ZERO;
        Double least = null;
        Double most = null;
        for (int i = from; i <= to; i++) {
            String text = text(feature, entries, mask, i);
            if (text != null) {
                double value = Double.parseDouble(text) + 0.0;
                BigInteger exact = exact(value);
                count++;
                sum = sum.add(exact);
                squares = squares.add(exact.multiply(exact));
                least = least == null ? value : Double.valueOf(Math.min(least, value));
                most = most == null ? value : Double.valueOf(Math.max(most, value));
            }
        }
        BigInteger n = BigInteger.valueOf(count);
        return switch (feature.aggregate) {
            case SUM -> finite(nearest(sum, BigInteger.ONE, FINEST));
            case MIN -> least;
            case MAX -> most;
            case STDDEV_BEFORE -> count < 2 ? null : finite(Math.sqrt(nearest(
                    n.multiply(squares).subtract(sum.multiply(sum)), n.multiply(n.subtract(BigInteger.ONE)),
                    2 * FINEST)));
            default -> count == 0 ? null : finite(nearest(sum, n, FINEST));
        };
    }

    private static String text(Feature feature, EntryColumns entries, long mask, int at) {
        return (entries.bits[at] & mask) == mask ? entries.columns[feature.column][at] : null;
    }

    private static BigInteger exact(double value) {
        return new BigDecimal(value).multiply(new BigDecimal(BigInteger.ONE.shiftLeft(FINEST))).toBigIntegerExact();
    }

    /**
     * The double nearest to numerator / denominator / 2^scale, the even one of two. Sums of doubles lie in the middle
     * of two others all the time, so no digit may be lost before the one rounding.
     */
    static double nearest(BigInteger numerator, BigInteger denominator, int scale) {
        if (numerator.signum() == 0) {
            return 0.0;
        }
        int shift = ENOUGH_BITS - numerator.bitLength() + denominator.bitLength();
        BigInteger[] divided = (shift >= 0 ? numerator.abs().shiftLeft(shift) : numerator.abs()).divideAndRemainder(
                shift >= 0 ? denominator : denominator.shiftLeft(-shift));
        BigInteger bits = divided[1].signum() == 0 ? divided[0] : divided[0].setBit(0);
        int exponent = -shift - scale;
        int kept = Math.min(DOUBLE_BITS, bits.bitLength() + exponent + FINEST);
        if (kept < 0) {
            return 0.0;
        }
        int dropped = bits.bitLength() - kept;
        BigInteger whole = bits.shiftRight(dropped);
        int half = bits.subtract(whole.shiftLeft(dropped)).compareTo(BigInteger.ONE.shiftLeft(dropped - 1));
        long rounded = whole.longValue() + (half > 0 || half == 0 && whole.testBit(0) ? 1 : 0);
        return numerator.signum() * Math.scalb((double) rounded, dropped + exponent);
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? (Double) value : null;
    }
}
