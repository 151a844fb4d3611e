package fraudctl.kernel.wire;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How amounts and times are read from the wire and written to it, exactly as pipeline/records/quantities.py does. */
public final class Quantities {
    private static final long MIN_TIME_MS = 946_684_800_000L;
    private static final long MAX_TIME_MS = 4_102_444_800_000L;
    private static final Pattern LITERAL =
            Pattern.compile("(-?)([0-9]+)(?:\\.([0-9]+))?(?:[eE]([+-]?)0*([0-9]+))?");
    private static final Pattern TIME = Pattern.compile(
            "([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]+))?)?"
                    + "(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)");

    private Quantities() {}

    /** Amount units of a JSON number literal. Value, not spelling, decides what fits. */
    public static long amountUnits(String text) throws Refusal {
        long plain = plainAmount(text);
        return plain == Long.MIN_VALUE ? anyAmount(text) : plain;
    }

    /** The common spelling, at most 12 digits before the point and 4 behind; Long.MIN_VALUE for any other. */
    private static long plainAmount(String text) {
        int length = text.length();
        int i = text.charAt(0) == '-' ? 1 : 0;
        long units = 0;
        int fraction = -1;
        if (length - i > 15) {
            return Long.MIN_VALUE;
        }
        for (int at = i; at < length; at++) {
            char c = text.charAt(at);
            if (c == '.' && fraction < 0) {
                fraction = 0;
            } else if (c >= '0' && c <= '9') {
                units = units * 10 + (c - '0');
                fraction += fraction >= 0 ? 1 : 0;
            } else {
                return Long.MIN_VALUE;
            }
        }
        if (fraction > Money.DIGITS) {
            return Long.MIN_VALUE;
        }
        // Looked at before it is scaled: fifteen digits times ten thousand may not fit into a long.
        if (units >= Money.LIMIT) {
            return Long.MIN_VALUE;
        }
        for (int digits = Math.max(fraction, 0); digits < Money.DIGITS; digits++) {
            units *= 10;
        }
        return i == 1 ? -units : units;
    }

    private static long anyAmount(String text) throws Refusal {
        Matcher literal = LITERAL.matcher(text);
        if (!literal.matches()) {
            throw new Refusal("bad_amount", "not a number");
        }
        String fraction = literal.group(3) == null ? "" : literal.group(3);
        String digits = stripLeadingZeros(literal.group(2) + fraction);
        String significant = stripTrailingZeros(digits);
        if (significant.isEmpty()) {
            return 0;
        }
        String exponentText = literal.group(5) == null ? "0" : literal.group(5);
        long exponent = Long.parseLong(exponentText.substring(0, Math.min(10, exponentText.length())));
        exponent = "-".equals(literal.group(4)) ? -exponent : exponent;
        long shift = exponent - fraction.length() + digits.length() - significant.length() + Money.DIGITS;
        if (shift < 0) {
            throw new Refusal("bad_amount", "more than 4 digits after the point");
        }
        if (significant.length() + shift > 18) {
            throw new Refusal("bad_amount", "too large: below 1e14 is accepted");
        }
        long units = Long.parseLong(significant + "0".repeat((int) shift));
        return literal.group(1).isEmpty() ? units : -units;
    }

    private static String stripLeadingZeros(String digits) {
        int i = 0;
        while (i < digits.length() && digits.charAt(i) == '0') {
            i++;
        }
        return digits.substring(i);
    }

    private static String stripTrailingZeros(String digits) {
        int i = digits.length();
        while (i > 0 && digits.charAt(i - 1) == '0') {
            i--;
        }
        return digits.substring(0, i);
    }

    public static long epochMs(String literal) throws Refusal {
        for (int i = literal.charAt(0) == '-' ? 1 : 0; i < literal.length(); i++) {
            if (literal.charAt(i) < '0' || literal.charAt(i) > '9') {
                throw new Refusal("bad_event_time", "a number must be whole milliseconds");
            }
        }
        return inRange(literal.length() > 18 ? Long.MAX_VALUE : Long.parseLong(literal));
    }

    public static long isoMs(String text) throws Refusal {
        long canonical = canonicalIsoMs(text);
        return inRange(canonical == Long.MIN_VALUE ? anyIsoMs(text) : canonical);
    }

    private static long inRange(long timeMs) throws Refusal {
        if (timeMs < MIN_TIME_MS || timeMs >= MAX_TIME_MS) {
            throw new Refusal("event_time_out_of_range", "not within 2000-01-01 and 2100-01-01");
        }
        return timeMs;
    }

    /** 2026-11-23T13:31:00.123Z and the same without a fraction; Long.MIN_VALUE for any other spelling. */
    private static long canonicalIsoMs(String text) {
        int length = text.length();
        if ((length != 24 && length != 20) || text.charAt(length - 1) != 'Z' || text.charAt(4) != '-'
                || text.charAt(7) != '-' || text.charAt(10) != 'T' || text.charAt(13) != ':'
                || text.charAt(16) != ':' || (length == 24 && text.charAt(19) != '.')) {
            return Long.MIN_VALUE;
        }
        int year = digits(text, 0, 4);
        int month = digits(text, 5, 7);
        int day = digits(text, 8, 10);
        int hour = digits(text, 11, 13);
        int minute = digits(text, 14, 16);
        int second = digits(text, 17, 19);
        int millis = length == 24 ? digits(text, 20, 23) : 0;
        if ((year | month | day | hour | minute | second | millis) < 0 || month < 1 || month > 12 || day < 1
                || day > 28 || hour > 23 || minute > 59 || second > 59) {
            return Long.MIN_VALUE;
        }
        return ((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60_000L + second * 1_000L + millis;
    }

    private static int digits(String text, int from, int to) {
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    /** Days from civil date, Howard Hinnant's algorithm (chrono-Compatible Low-Level Date Algorithms). */
    private static long daysSinceEpoch(int year, int month, int day) {
        int y = month <= 2 ? year - 1 : year;
        int era = y / 400;
        int yearOfEra = y - era * 400;
        int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
        int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
        return era * 146_097L + dayOfEra - 719_468L;
    }

    private static long anyIsoMs(String text) throws Refusal {
        Matcher time = TIME.matcher(text);
        if (!time.matches()) {
            throw new Refusal("bad_event_time", "not ISO 8601 with a zone");
        }
        int offsetHours = number(time.group(9));
        int offsetMinutes = number(time.group(10));
        if (offsetHours > 23 || offsetMinutes > 59) {
            throw new Refusal("bad_event_time", "no such time");
        }
        long offset = (offsetHours * 60L + offsetMinutes) * ("-".equals(time.group(8)) ? -60_000L : 60_000L);
        String fraction = ((time.group(7) == null ? "" : time.group(7)) + "000").substring(0, 3);
        try {
            LocalDateTime local = LocalDateTime.of(number(time.group(1)), number(time.group(2)),
                    number(time.group(3)), number(time.group(4)), number(time.group(5)), number(time.group(6)));
            return local.toEpochSecond(ZoneOffset.UTC) * 1_000 + Integer.parseInt(fraction) - offset;
        } catch (DateTimeException noSuchTime) {
            throw new Refusal("bad_event_time", "no such time");
        }
    }

    private static int number(String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    /** Appends epoch milliseconds as ISO 8601 in UTC with three fraction digits and Z. */
    public static void appendTime(StringBuilder out, long timeMs) {
        long days = Math.floorDiv(timeMs, 86_400_000L);
        int ofDay = (int) Math.floorMod(timeMs, 86_400_000L);
        long shifted = days + 719_468L;
        long era = Math.floorDiv(shifted, 146_097L);
        int dayOfEra = (int) (shifted - era * 146_097L);
        int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int shiftedMonth = (5 * dayOfYear + 2) / 153;
        int day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
        int month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        int year = (int) (yearOfEra + era * 400) + (month <= 2 ? 1 : 0);
        padded(out, year, 1_000).append('-');
        padded(out, month, 10).append('-');
        padded(out, day, 10).append('T');
        padded(out, ofDay / 3_600_000, 10).append(':');
        padded(out, ofDay / 60_000 % 60, 10).append(':');
        padded(out, ofDay / 1_000 % 60, 10).append('.');
        padded(out, ofDay % 1_000, 100).append('Z');
    }

    private static StringBuilder padded(StringBuilder out, int value, int highest) {
        for (int place = highest; place > 0; place /= 10) {
            out.append((char) ('0' + value / place % 10));
        }
        return out;
    }
}
