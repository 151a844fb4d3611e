package fraudctl.kernel.decision;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.util.Collector;

/** A scored batch, of the live rule set or of the shadow, into its decisions. A line is partition, tab, key as escaped JSON, tab, the decision. */
public final class Decisions implements FlatMapFunction<byte[], Decisions.Decision> {
    private static final long serialVersionUID = 1L;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final boolean isShadow;

    public Decisions(boolean isShadow) {
        this.isShadow = isShadow;
    }

    /** One decision as it is written: into the partition number of its transaction, keyed by its user. */
    public record Decision(int partition, byte[] key, byte[] value) {
        /** None: that a subtask has no more of them for that partition. */
        static Decision end(int partition) {
            return new Decision(partition, null, null);
        }

        boolean isEnd() {
            return value == null;
        }
    }

    @Override
    public void flatMap(byte[] batch, Collector<Decision> out) {
        if (batch.length == 0 || (batch[0] == BatchOperator.SHADOW) != isShadow) {
            return;
        }
        int from = isShadow ? 1 : 0;
        for (int i = from; i < batch.length; i++) {
            if (batch[i] == '\n') {
                out.collect(decision(batch, from, i));
                from = i + 1;
            }
        }
        out.collect(decision(batch, from, batch.length));
    }

    private static Decision decision(byte[] batch, int from, int to) {
        int partition = 0;
        int at = from;
        while (batch[at] != '\t') {
            partition = partition * 10 + batch[at++] - '0';
        }
        int keyFrom = ++at;
        boolean isEscaped = false;
        while (batch[at] != '\t') {
            isEscaped |= batch[at++] == '\\';
        }
        byte[] key = Arrays.copyOfRange(batch, keyFrom, at);
        return new Decision(partition, isEscaped ? unescaped(key) : key, Arrays.copyOfRange(batch, at + 1, to));
    }

    private static byte[] unescaped(byte[] key) {
        try {
            String json = '"' + new String(key, StandardCharsets.UTF_8) + '"';
            return MAPPER.readValue(json, String.class).getBytes(StandardCharsets.UTF_8);
        } catch (java.io.IOException impossible) {
            throw new IllegalStateException("the kernel escaped a key wrongly", impossible);
        }
    }
}
