package fraudctl.kernel;

import fraudctl.kernel.decision.Row;
import fraudctl.kernel.event.ContentHash;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.hop.Features;
import fraudctl.kernel.order.PartitionClock;
import fraudctl.kernel.order.SortBuffer;
import fraudctl.kernel.order.Stamper;
import fraudctl.kernel.plan.Activations;
import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Input;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.plan.RecordCheck;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.KeyStore;
import fraudctl.kernel.state.StateCache;
import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * The kernel without Flink, over recorded logs, for tests: {@code Offline PLAN.json RECORDS.jsonl} once,
 * or {@code Offline --serve} for one case a line on standard input, one JSON array a line back.
 *
 * <p>States pass through a cache that has room for few: they are packed, written, let go and read again.
 */
final class Offline {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    /** Of the heap: a few states. */
    private static final double CACHE_SHARE = 0.000_01;
    private static final int RECENT_KEYS = 2;
    private static final int EVENTS_PER_FLUSH = 7;
    /** So often the cache forgets what it holds, and the next event of any key finds it in its stored form. */
    private static final int EVENTS_PER_DROP = 3;

    private static RecordCheck check;

    private final List<Plan> plans;
    private boolean reclaims;
    private final Stamper stamper;
    private final Map<String, StateCache> caches = new HashMap<>();
    private int processed;
    private final List<String> lines = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();

    private Offline(List<Plan> plans, boolean byAppendTime) {
        this.plans = plans;
        PartitionClock clock = new PartitionClock(plans.get(0).outOfOrdernessMs);
        this.stamper = new Stamper(new Framed(null), plans.get(plans.size() - 1), clock, byAppendTime);
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        if (arguments[0].equals("--serve")) {
            serve(out);
        } else {
            Offline run = new Offline(List.of(Plan.parse(Files.readString(Path.of(arguments[0])))), true);
            for (String line : Files.readAllLines(Path.of(arguments[1]))) {
                run.read(MAPPER.readTree(line));
            }
            run.process().forEach(out::println);
        }
        out.flush();
    }

    private static void serve(PrintStream out) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode test = MAPPER.readTree(line);
            if (test.path("only_rules").asBoolean()) {
                List<String> said = new ArrayList<>();
                activated(test, said);
                out.println("[" + String.join(",", said) + "]");
                out.flush();
                continue;
            }
            List<Plan> plans = test.has("rules") ? activated(test, new ArrayList<>()) : List.of(Plan.parse(test.get("plan").toString()));
            Offline run = new Offline(plans, !test.path("time").asText("append").equals("event"));
            run.reclaims = test.path("reclaims").asBoolean();
            for (JsonNode record : test.get("records")) {
                run.read(record);
            }
            out.println("[" + String.join(",", run.process()) + "]");
            out.flush();
        }
    }

    /** The plans that the records of a topic of activations make; and of each that is not passed over, what it is. */
    private static List<Plan> activated(JsonNode test, List<String> said) {
        Activations.Aside aside = (offset, reason) -> said.add("{\"offset\":" + offset + ",\"aside\":"
                + quoted(reason) + "}");
        Activations activations = new Activations(test.get("settings"), test.path("trust").toString(), check(),
                aside);
        List<Plan> plans = new ArrayList<>();
        for (JsonNode record : test.get("rules")) {
            JsonNode value = record.get("value");
            long offset = record.get("offset").asLong();
            Plan plan = activations.accept(offset, record.get("append_ms").asLong(),
                    value.isNull() ? null : Base64.getDecoder().decode(value.asText()));
            if (plan != null) {
                plans.add(plan);
                said.add("{\"offset\":" + offset + ",\"from_ms\":" + plan.fromMs + "}");
            }
        }
        return plans;
    }

    /** For all cases of this process; only those with a topic of activations need Python. */
    private static RecordCheck check() {
        if (check == null) {
            check = RecordCheck.by(System.getProperty("python.executable"));
        }
        return check;
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder();
        Json.appendString(out, text);
        return out.toString();
    }

    private void read(JsonNode node) throws IOException {
        Record record = new Record();
        record.partition = node.get("partition").asInt();
        record.offset = node.get("offset").asLong();
        record.appendMs = node.get("append_ms").asLong();
        record.value = node.get("value").isNull() ? null : Base64.getDecoder().decode(node.get("value").asText());
        JsonNode headers = node.path("headers");
        if (record.value == null && headers.has("tick")) {
            record.tick(headers.get("tick").asText(), headers.path("limit").asText(null));
        } else if (record.value == null && headers.has("close")) {
            record.close(headers.get("close").asText());
        }
        try {
            Event event = stamper.stamp(record);
            if (event != null) {
                events.add(event);
            }
        } catch (Refusal refusal) {
            lines.add("{\"partition\":" + record.partition + ",\"offset\":" + record.offset + ",\"refused\":"
                    + MAPPER.writeValueAsString(refusal.getMessage()) + "}");
        }
    }

    private List<String> process() throws IOException {
        SortBuffer buffer = new SortBuffer();
        for (Event event : events) {
            event.lane = event.partition;
            buffer.add(event);
        }
        buffer.<IOException>release(Long.MAX_VALUE, event -> lines.add(process(event)));
        caches.values().forEach(StateCache::drop);
        return lines;
    }

    private Plan inForce(long due) {
        Plan found = plans.get(0);
        for (Plan later : plans) {
            found = later.fromMs <= due ? later : found;
        }
        return found;
    }

    private String process(Event event) throws IOException {
        Plan now = inForce(event.due);
        event.features = new Object[now.valueCount];
        processed++;
        for (Hop hop : now.hops) {
            String key = hop.keyOf(event);
            if (key == null) {
                continue;
            }
            StateCache cache = caches.computeIfAbsent(hop.key, ignored -> new StateCache(
                    hop, new MemoryStore(), false, false, () -> false, new CacheBudget(CACHE_SHARE), RECENT_KEYS));
            cache.atWork();
            if (reclaims) {
                cache.use(inForce(event.due - 1).hop(hop.key));
                if (cache.get(key).reclaim(event.due - 1, now.dedupWindowMs) == KeyState.NONE) {
                    cache.clear(key);
                } else {
                    cache.changed();
                }
            }
            cache.use(hop);
            KeyState state = cache.get(key);
            boolean isDuplicate = hop.isFirst() && state.isDuplicate(event, now.dedupWindowMs);
            if (!isDuplicate) {
                new Features(hop, now.maxEntries).process(event, state);
            }
            cache.changed();
            if (processed % EVENTS_PER_FLUSH == 0 || processed % EVENTS_PER_DROP == 0) {
                cache.flush();
            }
            if (processed % EVENTS_PER_DROP == 0) {
                cache.drop();
            }
            if (isDuplicate) {
                return place(event).append(",\"duplicate\":true}").toString();
            }
        }
        StringBuilder out = place(event).append(",\"due\":").append(event.due).append(",\"pos\":").append(event.pos)
                .append(",\"late\":").append(event.late()).append(",\"saturated\":").append(event.saturated);
        if (event.reused) {
            out.append(",\"reused_id\":true,\"content_hash\":\"").append(ContentHash.text(event.content)).append('"');
        }
        out.append(",\"values\":");
        appendPart(out, now.inputs, now.features, event);
        if (now.hasShadow) {
            out.append(",\"shadow\":{\"saturated\":").append(event.shadowSaturated).append(",\"values\":");
            appendPart(out, now.shadowInputs, now.shadowFeatures, event);
            out.append('}');
        }
        return out.append('}').toString();
    }

    private static void appendPart(StringBuilder out, List<Input> inputs, List<Feature> features, Event event) {
        Row.appendValues(out, inputs, event);
        out.append(",\"features\":");
        Row.appendFeatures(out, features, inputs, event);
        if (event.warming != null) {
            Row.appendWarming(out, features, event);
        }
    }

    private static StringBuilder place(Event event) {
        return new StringBuilder(256).append("{\"partition\":").append(event.partition)
                .append(",\"offset\":").append(event.offset);
    }

    /** The stored states of one hop. */
    static class MemoryStore implements KeyStore {
        final Map<String, byte[]> blobs = new HashMap<>();
        private final Map<String, Map<Long, byte[]>> pieces = new HashMap<>();
        private String key;

        @Override
        public void use(String next) {
            key = next;
        }

        @Override
        public byte[] blob() {
            return blobs.get(key);
        }

        @Override
        public void putBlob(byte[] blob) {
            blobs.put(key, blob);
        }

        @Override
        public void removeBlob() {
            blobs.remove(key);
        }

        private Map<Long, byte[]> ofKey() {
            return pieces.computeIfAbsent(key, ignored -> new HashMap<>());
        }

        @Override
        public byte[] get(long piece) {
            return ofKey().get(piece);
        }

        @Override
        public void put(long piece, byte[] bytes) {
            ofKey().put(piece, bytes);
        }

        @Override
        public void remove(long piece) {
            ofKey().remove(piece);
        }
    }
}
