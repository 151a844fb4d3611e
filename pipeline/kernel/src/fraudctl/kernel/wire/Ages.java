package fraudctl.kernel.wire;

/** How far from its append the time of an event may be: the same as in pipeline/records/ages.py, which says why. */
public final class Ages {
    private final long maxAgeMs;
    private final long maxAheadMs;

    /** In milliseconds; 0 for no limit. */
    public Ages(long maxAgeMs, long maxAheadMs) {
        this.maxAgeMs = maxAgeMs;
        this.maxAheadMs = maxAheadMs;
    }

    /** Refuses an event of that time. */
    public void check(long timeMs, long appendMs) throws Refusal {
        if (maxAgeMs > 0 && timeMs < appendMs - maxAgeMs) {
            throw new Refusal("event_time_too_old", far(timeMs, appendMs));
        }
        if (maxAheadMs > 0 && timeMs > appendMs + maxAheadMs) {
            throw new Refusal("event_time_ahead", far(timeMs, appendMs));
        }
    }

    private static String far(long timeMs, long appendMs) {
        StringBuilder text = new StringBuilder();
        Quantities.appendTime(text, timeMs);
        Quantities.appendTime(text.append(", appended "), appendMs);
        return text.toString();
    }
}
