package fraudctl.kernel.plan;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.Slots;
import fraudctl.kernel.wire.Ages;
import fraudctl.kernel.wire.Ids;
import fraudctl.kernel.wire.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What the kernel computes from a moment on: hops, features, and the values that Python is handed.
 *
 * <p>Made from the JSON document that {@code pipeline/rules/plan.py} writes. Every transaction field that a key, a
 * feature, a condition or a rule mentions has a slot in {@link Event#slots}; every computation has an index in
 * {@link Event#features}. Plans of a job follow each other; state goes on from one to the next, see
 * {@code KeyState.adopt}. A plan does not change once it is made.
 */
public final class Plan {
    /** Of the first plan: in force from the beginning, and nothing was let go before it. */
    static final long ALWAYS = -(1L << 62);
    /** So much later than due an event may arrive and still be known to warming by its due. */
    private static final long ARRIVAL_SLACK_MS = 60_000;
    /** Sessions look back this far at most. */
    public static final long SESSION_RETENTION_MS = 86_400_000L;

    /** Which of the job's plans it is, from 0, and the due from which it is in force. */
    final int epoch;
    public final long fromMs;
    /** What Python is told when it comes into force: the record of the activation. */
    public final byte[] announcement;
    public final Slots slots;
    public final long outOfOrdernessMs;
    public final long dedupWindowMs;
    /** How late an event may be and still find the windows it belongs to whole. */
    public final long allowedLatenessMs;
    public final int maxEntries;
    public final int maxEventBytes;
    /** What ids of senders may be. */
    public final Ids ids;
    public final Ages ages;
    /** By key; each has what is computed by its key on the clock of arrivals as {@link Hop#arrivals}. */
    public final List<Hop> hops = new ArrayList<>();
    /** The live rule set's, as decisions list them. */
    public final List<Feature> features = new ArrayList<>();
    public final List<Input> inputs = new ArrayList<>();
    public final boolean hasShadow;
    public final List<Feature> shadowFeatures = new ArrayList<>();
    public final List<Input> shadowInputs = new ArrayList<>();
    /** How many values are computed on an event; several features can share one. */
    public int valueCount;
    /** When each plan up to this one came into force. */
    private final long[] starts;
    /** By key: entries up to here earlier plans have let go. */
    private final Map<String, Long> floors = new HashMap<>();
    private final Map<String, Long> arrivalFloors = new HashMap<>();

    static int[] ints(JsonNode list) {
        int[] read = new int[list.size()];
        for (int i = 0; i < read.length; i++) {
            read[i] = list.get(i).asInt();
        }
        return read;
    }

    /** The one plan of a job whose rule set does not change; the document has the settings too. */
    public static Plan parse(String json) {
        return first(read(json), new byte[0]);
    }

    static Plan first(JsonNode plan, byte[] announcement) {
        return new Plan(plan, plan, null, ALWAYS, announcement);
    }

    /** The plan that follows, from a time on; the settings are those of the job. */
    Plan next(JsonNode plan, long fromMs, byte[] nextAnnouncement) {
        return new Plan(plan, null, this, fromMs, nextAnnouncement);
    }

    static JsonNode read(String json) {
        try {
            return new ObjectMapper().readTree(json);
        } catch (java.io.IOException malformed) {
            throw new IllegalArgumentException("the plan is not JSON: " + malformed.getMessage(), malformed);
        }
    }

    /** A plan's document with a job's settings in it. */
    static JsonNode withSettings(JsonNode plan, JsonNode settings) {
        ObjectNode whole = plan.deepCopy();
        whole.setAll((ObjectNode) settings);
        return whole;
    }

    private Plan(JsonNode plan, JsonNode settings, Plan before, long fromMs, byte[] announcement) {
        this.epoch = before == null ? 0 : before.epoch + 1;
        this.fromMs = fromMs;
        this.announcement = announcement;
        this.slots = new Slots(before == null ? null : before.slots);
        starts = before == null ? new long[1] : Arrays.copyOf(before.starts, epoch + 1);
        starts[epoch] = fromMs;
        outOfOrdernessMs = before == null ? settings.get("out_of_orderness_ms").asLong() : before.outOfOrdernessMs;
        dedupWindowMs = before == null ? settings.get("dedup_window_ms").asLong() : before.dedupWindowMs;
        allowedLatenessMs = before == null ? settings.path("allowed_lateness_ms").asLong() : before.allowedLatenessMs;
        maxEntries = before == null ? settings.get("max_entries").asInt() : before.maxEntries;
        maxEventBytes = before == null ? settings.get("max_event_bytes").asInt() : before.maxEventBytes;
        ids = before == null ? ids(settings) : before.ids;
        ages = before == null ? ages(settings) : before.ages;
        plan.path("derived").forEach(slots::derive);
        plan.get("hops").forEach(hop -> slots.addKey(hop.get("key").asText()));
        setFloors(plan, before);
        hasShadow = plan.has("shadow_inputs");
        plan.get("hops").forEach(this::addHop);
        addInputs(plan.get("inputs"), plan.path("built_in"), features, inputs);
        addInputs(plan.path("shadow_inputs"), plan.path("shadow_built_in"), shadowFeatures, shadowInputs);
        hops.forEach(this::settle);
        hops.forEach(hop -> settle(hop.arrivals));
    }

    private void setFloors(JsonNode plan, Plan before) {
        Set<String> keys = new HashSet<>(Slots.HOP_KEYS);
        plan.get("hops").forEach(hop -> keys.add(hop.get("key").asText()));
        if (before != null) {
            keys.addAll(before.floors.keySet());
        }
        for (String key : keys) {
            floors.put(key, before == null ? ALWAYS
                    : Math.max(floorOf(before.floors, key), fromMs - 1 - before.hop(key).heldMs));
            arrivalFloors.put(key, before == null ? ALWAYS
                    : Math.max(floorOf(before.arrivalFloors, key),
                            fromMs - 1 - before.hop(key).arrivals.heldMs));
        }
    }

    /** Of a key that nobody asked for so far nothing was let go, and nothing kept. */
    private static long floorOf(Map<String, Long> floors, String key) {
        return floors.getOrDefault(key, ALWAYS);
    }

    /** Those of a job from before there were limits are as long as an event, and any. */
    private Ids ids(JsonNode settings) {
        return new Ids(settings.path("max_id_bytes").asInt(maxEventBytes), settings.path("any_ids").asBoolean(true));
    }

    private static Ages ages(JsonNode settings) {
        return new Ages(settings.path("max_age_ms").asLong(), settings.path("max_ahead_ms").asLong());
    }

    private void addHop(JsonNode node) {
        Hop hop = hop(node);
        if (hop.isByArrival) {
            hops.get(hops.size() - 1).arrivals = hop;
        } else {
            hop.arrivals = empty(hop.key, true);
            hops.add(hop);
        }
    }

    private void addInputs(JsonNode names, JsonNode builtIn, List<Feature> known, List<Input> to) {
        Map<String, Integer> byName = new HashMap<>();
        known.forEach(feature -> byName.put(feature.name, feature.index));
        Set<String> ofTheLog = new HashSet<>();
        builtIn.forEach(name -> ofTheLog.add(name.asText()));
        for (JsonNode node : names) {
            String name = node.asText();
            to.add(ofTheLog.contains(name) ? new Input(name, -1, Slots.builtIn(name)) : input(name, byName));
        }
    }

    /** Settles what is known of the time before the plan. */
    private void settle(Hop hop) {
        hop.floorMs = floorOf(hop.isByArrival ? arrivalFloors : floors, hop.key);
        for (Feature feature : hop.features) {
            feature.completeAfterMs = completeAfter(hop, feature);
            if (!feature.hasRecord() && feature.completeAfterMs != ALWAYS) {
                hop.warmFromMs = Math.max(hop.warmFromMs, feature.completeAfterMs + feature.retentionMs + hop.latenessMs);
            }
        }
    }

    private long completeAfter(Hop hop, Feature feature) {
        long after = knownAfter(hop, feature);
        return hop.isByArrival && after != ALWAYS ? after + ARRIVAL_SLACK_MS : after;
    }

    private long knownAfter(Hop hop, Feature feature) {
        return switch (feature.aggregate) {
            case FIRST_SEEN -> started(hop.firstSeenSince[feature.record]);
            case PREVIOUS -> started(hop.previousSince[feature.record]);
            default -> {
                long after = hop.floorMs;
                for (int condition : feature.steps == null ? new int[] {feature.condition} : feature.steps) {
                    after = Math.max(after, condition < 0 ? ALWAYS : started(hop.conditionSince[condition]));
                }
                yield Math.max(after, feature.column < 0 ? ALWAYS : started(hop.columnSince[feature.column]));
            }
        };
    }

    private long started(int number) {
        return number == 0 ? ALWAYS : starts[number] - 1;
    }

    /** The hop by that key; one that keeps nothing where the plan has none. */
    public Hop hop(String key) {
        for (Hop hop : hops) {
            if (hop.key.equals(key)) {
                return hop;
            }
        }
        Hop none = empty(key, false);
        none.arrivals = empty(key, true);
        return none;
    }

    private Hop empty(String key, boolean byArrival) {
        Hop none = new Hop(key, epoch, read(byArrival ? "{\"clock\":\"arrival\"}" : "{}"),
                allowedLatenessMs);
        none.columns = new int[0];
        none.conditions = new Condition[0];
        none.floorMs = floorOf(byArrival ? arrivalFloors : floors, key);
        return none;
    }

    private Input input(String name, Map<String, Integer> known) {
        Integer feature = known.get(name);
        return feature == null ? new Input(name, -1, slots.slotFor(name)) : new Input(name, feature, -1);
    }

    private Hop hop(JsonNode node) {
        String key = node.get("key").asText();
        Hop hop = new Hop(key, epoch, node, allowedLatenessMs);
        List<String> columns = new ArrayList<>();
        node.get("columns").forEach(column -> columns.add(column.isNull() ? null : column.asText()));
        List<Condition> conditions = new ArrayList<>();
        node.get("wheres").forEach(where ->
                conditions.add(where.isNull() ? null : Condition.compile(where, slots::slotFor)));
        hop.columns = columns.stream().mapToInt(one -> one == null ? Slots.NO_SLOT : slots.slotFor(one)).toArray();
        hop.conditions = conditions.toArray(new Condition[0]);
        for (JsonNode declared : node.get("features")) {
            features.add(computed(declared, columns, hop, hop.retentionMs));
        }
        for (JsonNode declared : node.path("shadow")) {
            String same = declared.path("same_as").asText(null);
            shadowFeatures.add(same == null ? computed(declared, columns, hop, hop.shadowRetentionMs)
                    : computed(hop, same).named(declared.get("name").asText()));
        }
        for (JsonNode declared : node.path("kept")) {
            computed(declared, columns, hop, hop.heldMs);
        }
        hop.features.stream().filter(feature -> feature.column >= 0).forEach(feature -> shareTotals(hop, feature));
        hop.features.stream().filter(feature -> feature.column < 0).forEach(feature -> shareTotals(hop, feature));
        return hop;
    }

    private Feature computed(JsonNode declared, List<String> columns, Hop hop, long retentionMs) {
        Feature feature = feature(declared, columns);
        feature.retentionMs = retentionMs;
        hop.features.add(feature);
        return feature;
    }

    private static Feature computed(Hop hop, String name) {
        return hop.features.stream().filter(feature -> feature.name.equals(name)).findFirst().orElseThrow();
    }

    /** Distinct features come first, since their totals serve the others of the same window too. */
    private static void shareTotals(Hop hop, Feature feature) {
        if (feature.ofKind != null) {
            return;
        }
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

    private static Feature.Kind kind(String said) {
        return switch (said) {
            case "money" -> Feature.Kind.MONEY;
            case "integer" -> Feature.Kind.INTEGER;
            case "number" -> Feature.Kind.NUMBER;
            case "truth value" -> Feature.Kind.TRUTH;
            default -> null;
        };
    }

    private Feature feature(JsonNode node, List<String> columns) {
        Feature feature = new Feature();
        feature.setName(node.get("name").asText());
        feature.index = valueCount++;
        feature.aggregate = Aggregate.valueOf(node.get("agg").asText().toUpperCase(java.util.Locale.ROOT));
        feature.condition = node.path("where").asInt(-1);
        feature.windowMs = node.path("window_ms").asLong(node.path("within_ms").asLong(0));
        feature.sessionGapMs = node.path("session_gap_ms").asLong(0);
        feature.ttlMs = node.path("ttl_ms").asLong(0);
        feature.ofKind = kind(node.path("of_kind").asText());
        switch (feature.aggregate) {
            case DISTINCT -> feature.column = columns.indexOf(node.get("of").asText());
            case SUM, AVG, MIN, MAX, MEAN_BEFORE, STDDEV_BEFORE ->
                feature.column = feature.ofKind == null ? -1 : columns.indexOf(node.get("of").asText());
            case FIRST_SEEN, PREVIOUS -> {
                feature.ofSlot = slots.slotFor(node.get("of").asText());
                feature.record = node.get("record").asInt();
            }
            case SEQUENCE -> feature.steps = ints(node.get("steps"));
            default -> { }
        }
        return feature;
    }
}
