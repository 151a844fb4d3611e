package fraudctl.kernel;

/** One record of the transaction topic as it lies there: a value to decode, or a control record. */
final class Record {
    enum Kind { VALUE, TICK, CLOSE }

    Kind kind = Kind.VALUE;
    int partition;
    long offset;
    long appendMs;
    byte[] value;
    /** Of a tick: how far behind its append time the partition may still be. Of a close: the newest event time. */
    long controlMs;

    void tick(String behindMs) {
        kind = Kind.TICK;
        controlMs = behindMs.isEmpty() ? 0 : Long.parseLong(behindMs);
    }

    void close(String newestTimeMs) {
        kind = Kind.CLOSE;
        controlMs = Long.parseLong(newestTimeMs);
    }
}
