package fraudctl.kernel;

import java.io.IOException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** Which records of the topic of activations count, and from when: as {@code pipeline/scoring/activation.py} says. */
final class Activations {
    /** What an activation is ahead of the first event it is for. */
    static final long AHEAD_MS = 1_000;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final JsonNode settings;
    private Plan newest;
    private long newestOffset = -1;

    Activations(JsonNode settings) {
        this.settings = settings;
    }

    /** The plan that the record activates; null when it is none, or builds on another than the newest. */
    Plan accept(long offset, long appendMs, byte[] value) {
        JsonNode record = activation(value);
        if (record == null || record.path("previous").asLong(-1) != newestOffset) {
            return null;
        }
        if (newest == null) {
            newest = Plan.first(Plan.withSettings(record.get("plan"), settings), value);
        } else {
            long from = Math.max(record.path("effective_from_ms").asLong(Long.MIN_VALUE), appendMs + AHEAD_MS);
            newest = newest.next(record.get("plan"), Math.max(from, newest.fromMs), value);
        }
        newestOffset = offset;
        return newest;
    }

    private static JsonNode activation(byte[] value) {
        try {
            JsonNode record = value == null ? null : MAPPER.readTree(value);
            return record != null && record.path("kind").asText().equals("activation") ? record : null;
        } catch (IOException notOurs) {
            return null;
        }
    }
}
