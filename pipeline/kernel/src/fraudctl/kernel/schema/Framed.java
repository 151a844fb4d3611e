package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Refusal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JacksonException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Takes values out of the frames of a schema registry: a zero byte, the number of a schema, the content. What
 * comes out is the JSON that pipeline/records/framed.py says; a value without a frame stays as it is.
 */
public final class Framed {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEAD_BYTES = 5;
    private static final int MOST_REMEMBERED = 1_000;
    private static final long ASK_AGAIN_MS = 10_000;
    /** By the registry's address: a number means the same for ever, also for the job that begins anew. */
    private static final Map<String, Map<Integer, Form>> KNOWN = new ConcurrentHashMap<>();

    /** How content by one schema becomes JSON. */
    private interface Form {
        byte[] json(byte[] value) throws Refusal;
    }

    private final Registry registry;
    private final Map<Integer, Form> known;
    /** Numbers that the registry did not know, and until when it is not asked again. */
    private final Map<Integer, Long> unknown = new HashMap<>();

    /** @param told what {@link Registry} is told of the registry; null where there is none */
    public Framed(Map<String, String> told) {
        registry = told == null ? null : new Registry(told);
        known = told == null ? null : KNOWN.computeIfAbsent(told.get("url"), url -> new ConcurrentHashMap<>());
    }

    /** What stands in front of content by that schema. */
    public static byte[] frame(int schema) {
        return ByteBuffer.allocate(HEAD_BYTES).putInt(1, schema).array();
    }

    /** The JSON of a value. Throws UncheckedIOException where the registry cannot be asked. */
    public byte[] json(byte[] value) throws Refusal {
        if (registry == null || value == null || value.length == 0 || value[0] != 0) {
            return value;
        }
        if (value.length < HEAD_BYTES) {
            throw new Refusal("unknown_schema", "a frame of " + value.length + " bytes");
        }
        int number = ByteBuffer.wrap(value).getInt(1);
        Form form = known.get(number);
        return (form == null ? asked(number) : form).json(value);
    }

    private Form asked(int number) throws Refusal {
        long now = System.currentTimeMillis();
        JsonNode said = unknown.getOrDefault(number, now) > now ? null : ask(number);
        if (said == null) {
            forget(unknown);
            unknown.putIfAbsent(number, now + ASK_AGAIN_MS);
            throw new Refusal("unknown_schema", "the registry knows no schema " + number);
        }
        unknown.remove(number);
        Form form = form(number, said);
        forget(known);
        known.put(number, form);
        return form;
    }

    private JsonNode ask(int number) {
        unknown.remove(number);
        try {
            return registry.schema(number);
        } catch (IOException away) {
            throw new UncheckedIOException(away.getMessage(), away);
        }
    }

    private static void forget(Map<Integer, ?> numbers) {
        if (numbers.size() >= MOST_REMEMBERED) {
            numbers.clear();
        }
    }

    private static Form form(int number, JsonNode said) {
        String kind = said.path("schemaType").asText("AVRO");
        if (kind.equals("JSON")) {
            return value -> Arrays.copyOfRange(value, HEAD_BYTES, value.length);
        }
        try {
            return form(number, kind, said);
        } catch (Unsupported why) {
            Refusal refusal = unsupported(number, why);
            return value -> {
                throw refusal;
            };
        }
    }

    private static Form form(int number, String kind, JsonNode said) throws Unsupported {
        if (!kind.equals("AVRO") && !kind.equals("PROTOBUF")) {
            throw new Unsupported(kind + ": transactions are AVRO, JSON or PROTOBUF");
        }
        if (!said.path("references").isEmpty()) {
            throw new Unsupported("it refers to other schemas");
        }
        String text = said.get("schema").asText();
        return kind.equals("AVRO") ? avro(text) : protobuf(number, text);
    }

    private static Form avro(String text) throws Unsupported {
        try {
            AvroRecord record = new AvroRecord(JSON.readTree(text));
            return value -> record.json(value, HEAD_BYTES);
        } catch (JacksonException malformed) {
            throw new Unsupported("it is not JSON");
        }
    }

    private static Form protobuf(int number, String text) throws Unsupported {
        ProtoMessage.Messages messages = new ProtoMessage.Messages(text);
        return value -> {
            try {
                return messages.json(value, HEAD_BYTES);
            } catch (Unsupported why) {
                throw unsupported(number, why);
            }
        };
    }

    private static Refusal unsupported(int number, Unsupported why) {
        return new Refusal("unsupported_schema", "schema " + number + ": " + why.getMessage());
    }
}
