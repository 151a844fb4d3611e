package fraudctl.kernel;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * What the kernel computes for one rule set: hops, features, and the values that Python is handed.
 *
 * <p>Made from the JSON document that {@code pipeline/ruleset.py} writes. Every transaction field that
 * a key, a feature, a condition or a rule mentions has a slot in {@link Event#slots}; every feature has
 * an index in {@link Event#features}, hop after hop.
 */
final class Plan {
    static final String AMOUNT = "amount";
    /** Sessions look back this far at most. */
    static final long SESSION_RETENTION_MS = 86_400_000L;

    final long outOfOrdernessMs;
    final long dedupWindowMs;
    final int maxEntries;
    final int maxEventBytes;
    final List<Hop> hops = new ArrayList<>();
    final List<Feature> features = new ArrayList<>();
    final List<Input> inputs = new ArrayList<>();
    private final Map<String, Integer> slots = new HashMap<>();

    /** One keyed pass over the events. */
    static final class Hop {
        final String key;
        final int keySlot;
        final long retentionMs;
        final int[] columns;
        final Condition[] conditions;
        final List<Feature> features = new ArrayList<>();
        /** What running totals the features need; several features share one. */
        final List<Totals> totals = new ArrayList<>();
        int firstSeenCount;
        int previousCount;
        /** Longest time-to-live among first_seen and previous features, 0 when there is none. */
        long longestTtlMs;

        Hop(String key, int keySlot, long retentionMs, int[] columns, Condition[] conditions) {
            this.key = key;
            this.keySlot = keySlot;
            this.retentionMs = retentionMs;
            this.columns = columns;
            this.conditions = conditions;
        }

        /** The key of an event in this hop, or null when the event has none. */
        String keyOf(Event event) {
            return keySlot < 0 ? event.userId : (String) event.slots[keySlot];
        }
    }

    /** The totals over one window or session with one condition and, for distinct, one column. */
    static final class Totals {
        final long mask;
        final long windowMs;
        final long sessionGapMs;
        final int column;
        boolean needsSquares;

        Totals(long mask, long windowMs, long sessionGapMs, int column) {
            this.mask = mask;
            this.windowMs = windowMs;
            this.sessionGapMs = sessionGapMs;
            this.column = column;
        }

        private boolean covers(Totals other) {
            return mask == other.mask && windowMs == other.windowMs && sessionGapMs == other.sessionGapMs
                    && (other.column < 0 || column == other.column);
        }
    }

    enum Aggregate { COUNT, SUM, AVG, MIN, MAX, DISTINCT, MEAN_BEFORE, STDDEV_BEFORE, FIRST_SEEN, PREVIOUS, SEQUENCE }

    /** One feature; durations are 0 where they do not apply. */
    static final class Feature {
        String name;
        int index;
        Aggregate aggregate;
        /** Position in {@link Hop#columns} for distinct; slot of the field for first_seen and previous. */
        int column = -1;
        int ofSlot = -1;
        int condition = -1;
        long windowMs;
        long sessionGapMs;
        long ttlMs;
        int[] steps;
        /** Position among the first_seen (or previous) features of its hop: where its record lies. */
        int record = -1;
        /** Index in {@link Hop#totals}, or -1 where none apply. */
        int totals = -1;

        long mask() {
            return condition < 0 ? 0 : 1L << condition;
        }

        /** Whether the event itself stays out of the aggregate. */
        boolean isBefore() {
            return aggregate == Aggregate.MEAN_BEFORE || aggregate == Aggregate.STDDEV_BEFORE;
        }

        boolean ofMoney() {
            return aggregate == Aggregate.SUM || aggregate == Aggregate.MIN || aggregate == Aggregate.MAX;
        }
    }

    /** One value of the row that Python scores: a feature, the amount, an id or a slot. */
    record Input(String name, int feature, int slot) {}

    static final int SLOT_AMOUNT = -2;
    static final int SLOT_EVENT_ID = -3;
    static final int SLOT_USER_ID = -4;

    static Plan parse(String json) {
        try {
            return new Plan(new ObjectMapper().readTree(json));
        } catch (java.io.IOException malformed) {
            throw new IllegalArgumentException("the plan is not JSON: " + malformed.getMessage(), malformed);
        }
    }

    private Plan(JsonNode plan) {
        outOfOrdernessMs = plan.get("out_of_orderness_ms").asLong();
        dedupWindowMs = plan.get("dedup_window_ms").asLong();
        maxEntries = plan.get("max_entries").asInt();
        maxEventBytes = plan.get("max_event_bytes").asInt();
        plan.get("hops").forEach(hop -> hops.add(hop(hop)));
        Map<String, Integer> byName = new HashMap<>();
        features.forEach(feature -> byName.put(feature.name, feature.index));
        plan.get("inputs").forEach(input -> inputs.add(input(input.asText(), byName)));
    }

    /** The slot of a field by name, or null when nothing asks for the field. */
    Integer slot(String field) {
        return slots.get(field);
    }

    int slotCount() {
        return slots.size();
    }

    private int slotFor(String field) {
        return switch (field) {
            case AMOUNT -> SLOT_AMOUNT;
            case "event_id" -> SLOT_EVENT_ID;
            case "user_id" -> SLOT_USER_ID;
            default -> slots.computeIfAbsent(field, ignored -> slots.size());
        };
    }

    private Input input(String name, Map<String, Integer> features) {
        Integer feature = features.get(name);
        return feature == null ? new Input(name, -1, slotFor(name)) : new Input(name, feature, -1);
    }

    private Hop hop(JsonNode node) {
        String key = node.get("key").asText();
        List<String> columns = new ArrayList<>();
        node.get("columns").forEach(column -> columns.add(column.asText()));
        List<Condition> conditions = new ArrayList<>();
        node.get("wheres").forEach(program -> conditions.add(Condition.compile(program, this::slotFor)));
        Hop hop = new Hop(key, slotFor(key), node.get("retention_ms").asLong(),
                columns.stream().mapToInt(this::slotFor).toArray(), conditions.toArray(new Condition[0]));
        for (JsonNode declared : node.get("features")) {
            Feature feature = feature(declared, columns, hop);
            hop.longestTtlMs = Math.max(hop.longestTtlMs, feature.ttlMs);
            hop.features.add(feature);
            features.add(feature);
        }
        hop.features.stream().filter(feature -> feature.column >= 0).forEach(feature -> shareTotals(hop, feature));
        hop.features.stream().filter(feature -> feature.column < 0).forEach(feature -> shareTotals(hop, feature));
        return hop;
    }

    /** Distinct features come first, since their totals serve the others of the same window too. */
    private static void shareTotals(Hop hop, Feature feature) {
        switch (feature.aggregate) {
            case COUNT, SUM, AVG, DISTINCT, MEAN_BEFORE, STDDEV_BEFORE -> {
                Totals wanted =
                        new Totals(feature.mask(), feature.windowMs, feature.sessionGapMs, feature.column);
                for (int i = 0; i < hop.totals.size() && feature.totals < 0; i++) {
                    feature.totals = hop.totals.get(i).covers(wanted) ? i : -1;
                }
                if (feature.totals < 0) {
                    feature.totals = hop.totals.size();
                    hop.totals.add(wanted);
                }
                hop.totals.get(feature.totals).needsSquares |= feature.aggregate == Aggregate.STDDEV_BEFORE;
            }
            default -> { }
        }
    }

    private Feature feature(JsonNode node, List<String> columns, Hop hop) {
        Feature feature = new Feature();
        feature.name = node.get("name").asText();
        feature.index = features.size();
        feature.aggregate = Aggregate.valueOf(node.get("agg").asText().toUpperCase(java.util.Locale.ROOT));
        feature.condition = node.path("where").asInt(-1);
        feature.windowMs = node.path("window_ms").asLong(node.path("within_ms").asLong(0));
        feature.sessionGapMs = node.path("session_gap_ms").asLong(0);
        feature.ttlMs = node.path("ttl_ms").asLong(0);
        switch (feature.aggregate) {
            case DISTINCT -> feature.column = columns.indexOf(node.get("of").asText());
            case FIRST_SEEN -> {
                feature.ofSlot = slotFor(node.get("of").asText());
                feature.record = hop.firstSeenCount++;
            }
            case PREVIOUS -> {
                feature.ofSlot = slotFor(node.get("of").asText());
                feature.record = hop.previousCount++;
            }
            case SEQUENCE -> {
                JsonNode steps = node.get("steps");
                feature.steps = new int[steps.size()];
                for (int i = 0; i < steps.size(); i++) {
                    feature.steps[i] = steps.get(i).asInt();
                }
            }
            default -> { }
        }
        return feature;
    }
}
