package fraudctl.kernel.plan;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.Slots;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** One keyed pass over the events. */
public final class Hop {
    private static final long ARRIVAL_STEP_MS = 1_000;

    public final String key;
    public final int epoch;
    /** How far back the live rule set looks and its shadow; how far entries are kept, with the lateness. */
    public final long retentionMs;
    public final long shadowRetentionMs;
    public final long heldMs;
    public final long latenessMs;
    /** Whether the live rule set and its shadow look at anything here. */
    public final boolean isLookedAt;
    public final boolean isLookedAtByShadow;
    /** Entries up to here earlier plans have let go. */
    public long floorMs = Plan.ALWAYS;
    /** From this due on every window lies in what is held. */
    public long warmFromMs = Plan.ALWAYS;
    /** Slots; {@link Slots#NO_SLOT} for a number that is free. */
    public int[] columns;
    /** Null for a number that is free. */
    public Condition[] conditions;
    /** The epoch since which each number means what it means. */
    public final int[] columnSince;
    public final int[] conditionSince;
    public final int[] firstSeenSince;
    public final int[] previousSince;
    /** All that is computed: live, shadow and kept up. */
    public final List<Feature> features = new ArrayList<>();
    /** What running totals the features need; several features share one. */
    public final List<Totals> totals = new ArrayList<>();
    /** Whether events lie where they arrived, not where they say they happened. */
    public final boolean isByArrival;
    /** The same key on the other clock; null in a hop that is itself of that clock. */
    public Hop arrivals;

    Hop(String key, int epoch, JsonNode node, long latenessMs) {
        this.key = key;
        this.epoch = epoch;
        this.latenessMs = latenessMs;
        this.isByArrival = node.path("clock").asText().equals("arrival");
        this.retentionMs = node.path("retention_ms").asLong();
        this.shadowRetentionMs = node.path("shadow_retention_ms").asLong();
        this.isLookedAt = !node.path("features").isEmpty();
        this.isLookedAtByShadow = !node.path("shadow").isEmpty();
        long longestMs = node.path("held_ms").asLong();
        this.heldMs = longestMs == 0 ? 0 : longestMs + latenessMs;
        JsonNode since = node.path("since");
        columnSince = Plan.ints(since.path("columns"));
        conditionSince = Plan.ints(since.path("wheres"));
        firstSeenSince = Plan.ints(since.path("first_seen"));
        previousSince = Plan.ints(since.path("previous"));
    }

    /** Where an event lies on the hop's clock; what was appended in one second arrived together. */
    public long pos(Event event) {
        return isByArrival && event.delayMs != Event.UNKNOWN
                ? Math.floorDiv(event.appendMs, ARRIVAL_STEP_MS) * ARRIVAL_STEP_MS : event.pos;
    }

    /** The position up to which an event that looks back so far sees nothing. */
    public long unseen(Event event, long lengthMs) {
        return lengthMs == 0 ? event.due : Math.max(pos(event), event.due - latenessMs) - lengthMs;
    }

    /** The first hop has each user's events, and sees which are copies. */
    public boolean isFirst() {
        return key.equals(Slots.USER);
    }

    /** Whether there is anything to do here. */
    public boolean computes() {
        return isFirst() || !features.isEmpty() || !arrivals.features.isEmpty();
    }

    /** The key of an event in this hop, or null when the event has none. */
    public String keyOf(Event event) {
        return Slots.key(key, event);
    }
}
