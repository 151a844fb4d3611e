package fraudctl.kernel;

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
 * <p>State goes through its stored form between any two events, as it does in the cluster.
 */
final class Offline {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final List<Plan> plans;
    private final boolean byAppendTime;
    private boolean reclaims;
    private final PartitionClock clock;
    private final List<String> lines = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();

    private Offline(List<Plan> plans, boolean byAppendTime) {
        this.plans = plans;
        this.byAppendTime = byAppendTime;
        this.clock = new PartitionClock(plans.get(0).outOfOrdernessMs);
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
            List<Plan> plans = test.has("rules") ? activated(test) : List.of(Plan.parse(test.get("plan").toString()));
            Offline run = new Offline(plans, !test.path("time").asText("append").equals("event"));
            run.reclaims = test.path("reclaims").asBoolean();
            for (JsonNode record : test.get("records")) {
                run.read(record);
            }
            out.println("[" + String.join(",", run.process()) + "]");
            out.flush();
        }
    }

    /** The plans that the records of a topic of activations make. */
    private static List<Plan> activated(JsonNode test) {
        Activations activations = new Activations(test.get("settings"));
        List<Plan> plans = new ArrayList<>();
        for (JsonNode record : test.get("rules")) {
            byte[] value = Base64.getDecoder().decode(record.get("value").asText());
            Plan plan = activations.accept(record.get("offset").asLong(), record.get("append_ms").asLong(), value);
            if (plan != null) {
                plans.add(plan);
            }
        }
        return plans;
    }

    private void read(JsonNode node) throws IOException {
        Record record = new Record();
        record.partition = node.get("partition").asInt();
        record.offset = node.get("offset").asLong();
        record.appendMs = node.get("append_ms").asLong();
        record.value = node.get("value").isNull() ? null : Base64.getDecoder().decode(node.get("value").asText());
        JsonNode headers = node.path("headers");
        if (record.value == null && headers.has("tick")) {
            record.tick(headers.get("tick").asText());
        } else if (record.value == null && headers.has("close")) {
            record.close(headers.get("close").asText());
        }
        try {
            Event event = new Stamper(plans.get(plans.size() - 1), clock, byAppendTime).stamp(record);
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
        Map<String, HopStore> stores = new HashMap<>();
        Slots.HOP_KEYS.forEach(key -> stores.put(key, new HopStore()));
        for (Event event : events) {
            event.lane = event.partition;
            buffer.add(event);
        }
        buffer.<IOException>release(Long.MAX_VALUE, event -> lines.add(process(event, stores)));
        return lines;
    }

    private Plan inForce(long due) {
        Plan found = plans.get(0);
        for (Plan later : plans) {
            found = later.fromMs <= due ? later : found;
        }
        return found;
    }

    private String process(Event event, Map<String, HopStore> stores) throws IOException {
        Plan now = inForce(event.due);
        event.features = new Object[now.valueCount];
        for (Plan.Hop hop : now.hops) {
            String key = hop.keyOf(event);
            if (key == null) {
                continue;
            }
            HopStore store = stores.get(hop.key);
            if (reclaims) {
                KeyState state = store.load(key, inForce(event.due - 1).hop(hop.key));
                state.reclaim(event.due - 1, now.dedupWindowMs);
                store.save(key, state);
            }
            KeyState state = store.load(key, hop);
            boolean isDuplicate = hop.isFirst() && state.isDuplicate(event, now.dedupWindowMs);
            if (!isDuplicate) {
                new Features(hop, now.maxEntries).process(event, state);
            }
            store.save(key, state);
            if (isDuplicate) {
                return place(event).append(",\"duplicate\":true}").toString();
            }
        }
        StringBuilder out = place(event).append(",\"due\":").append(event.due).append(",\"pos\":").append(event.pos)
                .append(",\"late\":").append(event.late()).append(",\"saturated\":").append(event.saturated)
                .append(",\"values\":");
        appendPart(out, now.inputs, now.features, event);
        if (now.hasShadow) {
            out.append(",\"shadow\":{\"saturated\":").append(event.shadowSaturated).append(",\"values\":");
            appendPart(out, now.shadowInputs, now.shadowFeatures, event);
            out.append('}');
        }
        return out.append('}').toString();
    }

    private static void appendPart(StringBuilder out, List<Plan.Input> inputs, List<Plan.Feature> features, Event event) {
        Row.appendValues(out, inputs, event);
        out.append(",\"features\":");
        Row.appendFeatures(out, features, event);
        if (event.warming != null) {
            Row.appendWarming(out, features, event);
        }
    }

    private static StringBuilder place(Event event) {
        return new StringBuilder(256).append("{\"partition\":").append(event.partition)
                .append(",\"offset\":").append(event.offset);
    }

    /** The states of one hop in their stored form. */
    private static final class HopStore implements Chunks.Store {
        private final StateCodec codec = new StateCodec();
        private final Map<String, byte[]> blobs = new HashMap<>();
        private final Map<String, Map<Long, byte[]>> chunks = new HashMap<>();
        private String key;

        KeyState load(String key, Plan.Hop hop) throws IOException {
            this.key = key;
            byte[] blob = blobs.get(key);
            KeyState state = blob == null ? new KeyState(hop) : codec.decode(blob, this);
            state.adopt(hop);
            return state;
        }

        void save(String key, KeyState state) throws IOException {
            this.key = key;
            blobs.put(key, codec.encode(state, this));
        }

        private Map<Long, byte[]> ofKey() {
            return chunks.computeIfAbsent(key, ignored -> new HashMap<>());
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
