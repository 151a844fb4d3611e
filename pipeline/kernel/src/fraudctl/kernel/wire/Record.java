package fraudctl.kernel.wire;

/** One record of the transaction topic as it lies there: a value to decode, or a control record. */
public final class Record {
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
        long told = limitMs == null ? appendMs : Math.min(appendMs, Long.parseLong(limitMs));
        controlMs = told - (behindMs.isEmpty() ? 0 : Long.parseLong(behindMs));
        kind = Kind.TICK;
    }

    public void close(String newestTimeMs) {
        kind = Kind.CLOSE;
        controlMs = Long.parseLong(newestTimeMs);
    }
}
