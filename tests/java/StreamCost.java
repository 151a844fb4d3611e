package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.hop.Features;
import fraudctl.kernel.order.PartitionClock;
import fraudctl.kernel.order.Stamper;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.KeyStore;
import fraudctl.kernel.state.StateCache;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.Refusal;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What events cost without Flink: {@code StreamCost PLAN VALUES ROUNDS} decodes and computes the values of a topic,
 * one a line and in the order of their times, and says in one JSON line the processor time an event, median of the
 * rounds, and what the states weigh and take in their stored form at the end.
 */
public final class StreamCost {
    private final Plan plan;
    private final Map<String, StateCache> caches = new HashMap<>();
    private final List<Stored> stores = new ArrayList<>();

    private StreamCost(Plan plan) {
        this.plan = plan;
    }

    public static void main(String[] arguments) throws IOException, Refusal {
        Plan plan = Plan.parse(Files.readString(Path.of(arguments[0])));
        List<byte[]> values = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(arguments[1]))) {
            values.add(line.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        List<Double> micros = new ArrayList<>();
        String held = "";
        for (int round = 0; round < Integer.parseInt(arguments[2]); round++) {
            StreamCost run = new StreamCost(plan);
            long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            run.read(values);
            micros.add((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before) / 1e3 / values.size());
            held = run.held();
        }
        micros.sort(null);
        System.out.println(String.format(Locale.ROOT, "{\"events\":%d,\"micros\":%.3f,%s}", values.size(),
                micros.get(micros.size() / 2), held));
    }

    private void read(List<byte[]> values) throws IOException, Refusal {
        Stamper stamper = new Stamper(new Framed(null), plan, new PartitionClock(plan.outOfOrdernessMs), false);
        Map<String, Features> features = new HashMap<>();
        for (Hop hop : plan.hops) {
            Stored store = new Stored();
            stores.add(store);
            caches.put(hop.key, new StateCache(hop, store, false, true, () -> true, new CacheBudget(0.6), 1 << 20));
            features.put(hop.key, new Features(hop, plan.maxEntries));
        }
        Record record = new Record();
        for (byte[] value : values) {
            record.value = value;
            record.offset++;
            Event event = stamper.stamp(record);
            event.features = new Object[plan.valueCount];
            for (Hop hop : plan.hops) {
                String key = hop.keyOf(event);
                if (key == null) {
                    continue;
                }
                StateCache cache = caches.get(hop.key);
                KeyState state = cache.get(key);
                if (hop.isFirst() && state.isDuplicate(event, plan.dedupWindowMs)) {
                    break;
                }
                features.get(hop.key).process(event, state);
                cache.changed();
            }
        }
    }

    private String held() throws IOException {
        long weight = 0;
        for (StateCache cache : caches.values()) {
            weight += cache.bytes();
            cache.flush();
        }
        return String.format(Locale.ROOT, "\"weight\":%d,\"stored\":%d", weight,
                stores.stream().mapToLong(Stored::bytes).sum());
    }

    /** The stored states of one hop. */
    private static final class Stored implements KeyStore {
        private final Map<String, byte[]> all = new HashMap<>();
        private String key;

        long bytes() {
            return all.values().stream().mapToLong(bytes -> bytes.length).sum();
        }

        @Override
        public void use(String next) {
            key = next;
        }

        @Override
        public byte[] blob() {
            return all.get(key);
        }

        @Override
        public void putBlob(byte[] blob) {
            all.put(key, blob);
        }

        @Override
        public void removeBlob() {
            all.remove(key);
        }

        @Override
        public byte[] get(long piece) {
            return all.get(key + "\0" + piece);
        }

        @Override
        public void put(long piece, byte[] bytes) {
            all.put(key + "\0" + piece, bytes);
        }

        @Override
        public void remove(long piece) {
            all.remove(key + "\0" + piece);
        }
    }
}
