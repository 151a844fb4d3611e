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

    private final Plan plan;
    private final boolean byAppendTime;
    private final PartitionClock clock;
    private final List<String> lines = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();

    private Offline(Plan plan, boolean byAppendTime) {
        this.plan = plan;
        this.byAppendTime = byAppendTime;
        this.clock = new PartitionClock(plan.outOfOrdernessMs);
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        if (arguments[0].equals("--serve")) {
            serve(out);
        } else {
            Offline run = new Offline(Plan.parse(Files.readString(Path.of(arguments[0]))), true);
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
            Offline run = new Offline(Plan.parse(test.get("plan").toString()),
                    !test.path("time").asText("append").equals("event"));
            for (JsonNode record : test.get("records")) {
                run.read(record);
            }
            out.println("[" + String.join(",", run.process()) + "]");
            out.flush();
        }
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
            Event event = new Stamper(plan, clock, byAppendTime).stamp(record);
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
        List<HopStore> stores = new ArrayList<>();
        plan.hops.forEach(hop -> stores.add(new HopStore(hop)));
        for (Event event : events) {
            event.lane = event.partition;
            buffer.add(event);
        }
        buffer.<IOException>release(Long.MAX_VALUE, event -> lines.add(process(event, stores)));
        return lines;
    }

    private String process(Event event, List<HopStore> stores) throws IOException {
        for (int h = 0; h < plan.hops.size(); h++) {
            Plan.Hop hop = plan.hops.get(h);
            String key = hop.keyOf(event);
            if (key == null) {
                continue;
            }
            KeyState state = stores.get(h).load(key);
            boolean isDuplicate = h == 0 && state.isDuplicate(event, plan.dedupWindowMs);
            if (!isDuplicate) {
                new Features(hop, plan.maxEntries).process(event, state);
            }
            stores.get(h).save(key, state);
            if (isDuplicate) {
                return place(event).append(",\"duplicate\":true}").toString();
            }
        }
        StringBuilder out = place(event).append(",\"due\":").append(event.due).append(",\"pos\":").append(event.pos)
                .append(",\"late\":").append(event.late()).append(",\"saturated\":").append(event.saturated)
                .append(",\"values\":");
        Row.appendValues(out, plan, event);
        out.append(",\"features\":");
        Row.appendFeatures(out, plan, event);
        return out.append('}').toString();
    }

    private static StringBuilder place(Event event) {
        return new StringBuilder(256).append("{\"partition\":").append(event.partition)
                .append(",\"offset\":").append(event.offset);
    }

    /** The states of one hop in their stored form. */
    private static final class HopStore implements Chunks.Store {
        private final Plan.Hop hop;
        private final StateCodec codec;
        private final Map<String, byte[]> blobs = new HashMap<>();
        private final Map<String, Map<Long, byte[]>> chunks = new HashMap<>();
        private String key;

        HopStore(Plan.Hop hop) {
            this.hop = hop;
            this.codec = new StateCodec(hop);
        }

        KeyState load(String key) throws IOException {
            this.key = key;
            byte[] blob = blobs.get(key);
            return blob == null ? new KeyState(hop) : codec.decode(blob, this);
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
