package fraudctl.kernel.wire;

/** One record of the transaction topic as it lies there: a value to decode, or a control record. */
public final class Record {
    public enum Kind { VALUE, TICK, CLOSE }

    public Kind kind = Kind.VALUE;
    public int partition;
    public long offset;
    public long appendMs;
    public byte[] value;
    /** Of a tick: how far behind its append time the partition may still be. Of a close: the newest event time. */
    public long controlMs;

    public void tick(String behindMs) {
        kind = Kind.TICK;
        controlMs = behindMs.isEmpty() ? 0 : Long.parseLong(behindMs);
    }

    public void close(String newestTimeMs) {
        kind = Kind.CLOSE;
        controlMs = Long.parseLong(newestTimeMs);
    }
}
