package fraudctl.kernel.hop;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * The keys of a hop that come most often, in bounded memory: the space-saving sketch of Metwally, Agrawal and El
 * Abbadi (2005). Part of no decision, and of no state.
 *
 * <p>With n counters a count is too large by at most a n-th of all that was counted, and no key that came more often
 * than that is missing. {@link #age} halves everything, so that what came lately weighs more.
 */
public final class HotKeys {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Counter> byKey;
    private final Counter[] counters;
    private int used;
    private long counted;
    /** No counter is below {@code least}, and none before {@code next} is at it. */
    private long least;
    private int next;

    /** One key's count, of which at most {@code foreign} were those of keys that had the counter before. */
    private static final class Counter {
        private String key;
        private long count;
        private long foreign;
    }

    public HotKeys(int size) {
        counters = new Counter[size];
        byKey = new HashMap<>(size * 2);
    }

    public void add(String key) {
        counted++;
        Counter counter = byKey.get(key);
        if (counter == null) {
            counter = used < counters.length ? fresh() : taken();
            counter.key = key;
            byKey.put(key, counter);
        }
        counter.count++;
    }

    private Counter fresh() {
        Counter counter = new Counter();
        counters[used++] = counter;
        return counter;
    }

    /** The least counter; the new key may have come as often as the one that had it. */
    private Counter taken() {
        Counter counter = smallest();
        byKey.remove(counter.key);
        counter.foreign = counter.count;
        return counter;
    }

    /** Counts only grow, so a round over all counters finds each that is at the least, one after the other. */
    private Counter smallest() {
        while (true) {
            while (next < used) {
                Counter counter = counters[next++];
                if (counter.count == least) {
                    return counter;
                }
            }
            least = Arrays.stream(counters, 0, used).mapToLong(one -> one.count).min().orElse(0);
            next = 0;
        }
    }

    /** Lets everything so far weigh half as much; what weighs nothing any more goes. */
    public void age() {
        Counter[] before = Arrays.copyOf(counters, used);
        byKey.clear();
        used = 0;
        counted /= 2;
        for (Counter counter : before) {
            counter.count /= 2;
            counter.foreign /= 2;
            if (counter.count > 0) {
                counters[used++] = counter;
                byKey.put(counter.key, counter);
            }
        }
        Arrays.fill(counters, used, counters.length, null);
        least = 0;
        next = 0;
    }

    /** {@code {"counted": n, "keys": [[key, at most, at least], …]}}, the {@code most} that came most often. */
    public String report(int most) {
        ObjectNode report = JSON.createObjectNode().put("counted", counted);
        ArrayNode keys = report.putArray("keys");
        Arrays.stream(counters, 0, used)
                .sorted(Comparator.comparingLong((Counter one) -> -one.count).thenComparing(one -> one.key))
                .limit(most)
                .forEach(one -> keys.addArray().add(one.key).add(one.count).add(one.count - one.foreign));
        return report.toString();
    }
}
