package fraudctl.kernel.wire;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/** Amounts as integers of 1/10,000 currency unit, and the one rounding that means and deviations get. */
public final class Money {
    static final int DIGITS = 4;
    public static final long UNITS = 10_000L;
    /** Amounts stay below this in currency units, so that in units of 1e-4 one always fits a long. */
    static final long LIMIT = 100_000_000_000_000L;
    private static final long EXACT_DOUBLE = 1L << 53;
    private static final MathContext QUOTIENT = new MathContext(60);

    private Money() {}

    public static BigDecimal exact(long units) {
        return BigDecimal.valueOf(units, DIGITS);
    }

    public static double toDouble(long units) {
        return quotient(units, UNITS);
    }

    /** The double nearest to the exact quotient. */
    public static double quotient(long numerator, long denominator) {
        if (Math.abs(numerator) <= EXACT_DOUBLE && Math.abs(denominator) <= EXACT_DOUBLE) {
            return (double) numerator / denominator;
        }
        return quotient(BigInteger.valueOf(numerator), BigInteger.valueOf(denominator));
    }

    /** Sixty digits first, then one conversion: a double rounding would need 43 digits to conspire. */
    public static double quotient(BigInteger numerator, BigInteger denominator) {
        if (numerator.bitLength() <= 53 && denominator.bitLength() <= 53) {
            return numerator.doubleValue() / denominator.doubleValue();
        }
        return new BigDecimal(numerator).divide(new BigDecimal(denominator), QUOTIENT).doubleValue();
    }

    /** Appends the shortest exact decimal text: 12.5, -0.0001, 3. */
    public static void append(StringBuilder out, long units) {
        if (units < 0) {
            out.append('-');
        }
        long magnitude = Math.abs(units);
        out.append(magnitude / UNITS);
        int fraction = (int) (magnitude % UNITS);
        if (fraction == 0) {
            return;
        }
        out.append('.');
        for (int place = 1_000; fraction > 0; place /= 10) {
            out.append((char) ('0' + fraction / place));
            fraction %= place;
        }
    }

    public static String text(Object units) {
        if (units instanceof BigInteger big) {
            return new BigDecimal(big, DIGITS).stripTrailingZeros().toPlainString();
        }
        StringBuilder out = new StringBuilder(16);
        append(out, (Long) units);
        return out.toString();
    }
}
