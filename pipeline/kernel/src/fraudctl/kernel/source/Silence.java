package fraudctl.kernel.source;

import fraudctl.kernel.event.Event;
import java.util.HashMap;
import java.util.Map;

/**
 * Which partitions are silent, told by the wall clock: only for topics that we may not put ticks into.
 *
 * <p>Not exact: a partition that is merely slow counts as silent too, others then go on without it, and its
 * events are late to what went on. Two runs over one log may differ.
 */
public final class Silence {
    private final long idleAfterMs;
    private final Map<Integer, Long> heardMs = new HashMap<>();
    private long furthestDue = Long.MIN_VALUE;

    public Silence(long idleAfterMs) {
        this.idleAfterMs = idleAfterMs;
    }

    /** The partition has said something, or cannot because it is paused. */
    public void heard(int partition, long nowMs) {
        heardMs.put(partition, nowMs);
    }

    /** A partition not heard of yet counts as heard at the first question. */
    public boolean isSilent(int partition, long nowMs) {
        return nowMs - heardMs.computeIfAbsent(partition, ignored -> nowMs) >= idleAfterMs;
    }

    /** An event cannot count from a moment that has been processed already. */
    public void keepAhead(Event event, long watermark) {
        event.due = Math.max(event.due, watermark + 1);
        furthestDue = Math.max(furthestDue, event.due);
    }

    /** Where everything has been said that there is to say. */
    public long furthestDue() {
        return furthestDue;
    }
}
