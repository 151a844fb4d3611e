package fraudctl.kernel.wire;

import java.util.regex.Pattern;

/** One record of the transaction topic as it lies there: a value to decode, or a control record. */
public final class Record {
    /** No sum of such numbers is more than a long holds. */
    private static final Pattern NUMBER = Pattern.compile("(-?[0-9]{1,15})?");

    public enum Kind { VALUE, TICK, CLOSE }

    public Kind kind = Kind.VALUE;
    public int partition;
    public long offset;
    public long appendMs;
    public byte[] value;
    /** Of a tick: where it takes its partition. Of a close: the newest event time. */
    public long controlMs;

    /**
     * A tick: the partition may still be {@code behindMs} behind its append time, or behind the limit of the
     * ticker's own clock where that is less; {@code limitMs} is null of one that has none.
     */
    public void tick(String behindMs, String limitMs) {
        if (isNumber(behindMs) && (limitMs == null || isNumber(limitMs))) {
            long told = limitMs == null ? appendMs : Math.min(appendMs, milliseconds(limitMs));
            controlMs = told - milliseconds(behindMs);
            kind = Kind.TICK;
        }
    }

    public void close(String newestTimeMs) {
        if (isNumber(newestTimeMs) && !newestTimeMs.isEmpty()) {
            controlMs = milliseconds(newestTimeMs);
            kind = Kind.CLOSE;
        }
    }

    /** Whoever may write to the topic may write any header: what is no such number makes no control record. */
    private static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches();
    }

    private static long milliseconds(String text) {
        return text.isEmpty() ? 0 : Long.parseLong(text);
    }
}
