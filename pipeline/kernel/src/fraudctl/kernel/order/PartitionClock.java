package fraudctl.kernel.order;

import fraudctl.kernel.event.Event;
import java.util.HashMap;
import java.util.Map;

/**
 * Where each partition of the transaction topic stands: its newest position, and from it the due of
 * every record and the watermark. Made from the log alone; it never looks at a clock.
 */
public final class PartitionClock {
    private final long outOfOrdernessMs;
    private final Map<Integer, Long> newest = new HashMap<>();

    public PartitionClock(long outOfOrdernessMs) {
        this.outOfOrdernessMs = outOfOrdernessMs;
    }

    /** Gives an event its due, then moves the partition on to its position. */
    void stamp(Event event) {
        Long before = newest.get(event.partition);
        event.due = before == null ? event.pos : Math.max(event.pos, before - outOfOrdernessMs);
        advance(event.partition, event.pos);
    }

    /** A tick or a restored position: the partition is at least here. */
    void advance(int partition, long pos) {
        newest.merge(partition, pos, Math::max);
    }

    /** The position from which everything up to and with {@code newestTime} may be processed. */
    long closing(long newestTime) {
        return newestTime + outOfOrdernessMs + 1;
    }

    /** Nothing due at or before this can still come from the partition; the smallest long before its first record. */
    long watermark(int partition) {
        Long position = newest.get(partition);
        return position == null ? Long.MIN_VALUE : position - outOfOrdernessMs - 1;
    }

    Map<Integer, Long> positions() {
        return newest;
    }
}
