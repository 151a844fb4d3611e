package fraudctl.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Set;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;

/**
 * Bytes of the transaction topic to {@link Event}, or a {@link Refusal}. Accepts and refuses exactly
 * what pipeline/events.py does, with the same codes in the same order of precedence.
 */
final class Decoder {
    private static final int MAX_NESTING = 20;
    /** Labels must not reach a scorer; the others are names that a decision gives its own values. */
    private static final Set<String> RESERVED = Set.of("label", "label_time", "scenario",
            "source", "features", "late", "saturated", "score", "decision", "reasons",
            "ruleset_version", "ruleset_hash", "plugin_errors", "warming");
    private static final Set<String> STRINGS =
            Set.of("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel");
    private static final Set<String> NUMBERS = Set.of("lat", "lon");
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100_000).maxNumberLength(1 << 20).maxStringLength(1 << 24)
                    .maxNameLength(1 << 20).build())
            .build();

    private final int maxEventBytes;
    private Slots slots;
    private final ArrayList<String> names = new ArrayList<>();
    private final ArrayList<JsonToken> kinds = new ArrayList<>();
    private final ArrayList<String> texts = new ArrayList<>();
    private final StringBuilder rest = new StringBuilder(512);

    Decoder(Slots slots, int maxEventBytes) {
        this.slots = slots;
        this.maxEventBytes = maxEventBytes;
    }

    /** From now on fields go to these slots. */
    void use(Slots next) {
        slots = next;
    }

    /** Fills in everything but the place in the log. Returns the event time in milliseconds. */
    long decode(byte[] value, Event event) throws Refusal {
        if (value == null) {
            throw new Refusal("empty_value", "the record has no value");
        }
        if (value.length > maxEventBytes) {
            throw new Refusal("too_large", value.length + " bytes, at most " + maxEventBytes);
        }
        readMembers(text(value));
        refuseDuplicates();
        return fill(event);
    }

    private static String text(byte[] value) throws Refusal {
        String text = new String(value, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value));
            } catch (CharacterCodingException malformed) {
                throw new Refusal("invalid_utf8", malformed.getMessage());
            }
        }
        return text;
    }

    private void readMembers(String text) throws Refusal {
        names.clear();
        kinds.clear();
        texts.clear();
        boolean isObject;
        boolean isTooDeep = false;
        try (JsonParser parser = JSON.createParser(text)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new Refusal("invalid_json", "there is no value");
            }
            isObject = first == JsonToken.START_OBJECT;
            int depth = first.isStructStart() ? 1 : 0;
            while (depth > 0) {
                JsonToken token = parser.nextToken();
                if (token == null) {
                    throw new Refusal("invalid_json", "the value ends too early");
                }
                if (isObject && depth == 1 && token != JsonToken.END_OBJECT) {
                    member(parser, token);
                }
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                isTooDeep |= depth > MAX_NESTING;
            }
            if (parser.nextToken() != null) {
                throw new Refusal("invalid_json", "something follows the value");
            }
        } catch (IOException malformed) {
            throw new Refusal("invalid_json", firstLine(malformed.getMessage()));
        }
        if (isTooDeep) {
            throw new Refusal("invalid_json", "nested deeper than " + MAX_NESTING);
        }
        if (!isObject) {
            throw new Refusal("not_an_object", "the value is not a JSON object");
        }
    }

    private void member(JsonParser parser, JsonToken token) throws IOException {
        if (token == JsonToken.FIELD_NAME) {
            names.add(parser.currentName());
            return;
        }
        kinds.add(token);
        texts.add(token.isScalarValue() ? parser.getText() : null);
    }

    private static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    private void refuseDuplicates() throws Refusal {
        if (names.size() > 32) {
            if (new java.util.HashSet<>(names).size() == names.size()) {
                return;
            }
        }
        for (int i = 1; i < names.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (names.get(i).equals(names.get(j))) {
                    throw new Refusal("duplicate_field", shown(names.get(i)));
                }
            }
        }
    }

    private long fill(Event event) throws Refusal {
        event.slots = new Object[slots.count()];
        long time = Long.MIN_VALUE;
        String amount = null;
        rest.setLength(0);
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            JsonToken kind = kinds.get(i);
            checkName(name);
            if (kind == JsonToken.VALUE_NULL) {
                continue;
            }
            if (kind.isStructStart()) {
                throw new Refusal("not_scalar", shown(name));
            }
            switch (name) {
                case "event_id" -> event.eventId = id(name, kind, texts.get(i));
                case "user_id" -> event.userId = id(name, kind, texts.get(i));
                case "event_time" -> time = time(name, kind, texts.get(i));
                case "amount" -> {
                    amount = requireNumber(name, kind, texts.get(i));
                    event.amountUnits = Quantities.amountUnits(amount);
                }
                default -> field(event, name, kind, texts.get(i));
            }
        }
        require("event_id", event.eventId != null);
        require("user_id", event.userId != null);
        require("event_time", time != Long.MIN_VALUE);
        require("amount", amount != null);
        event.json = json(event, time);
        return time;
    }

    private void field(Event event, String name, JsonToken kind, String text) throws Refusal {
        Object value = value(name, kind, text);
        Integer slot = slots.slot(name);
        if (slot != null) {
            event.slots[slot] = value;
        }
        rest.append(',');
        Json.appendString(rest, name);
        rest.append(':');
        if (value instanceof String string) {
            Json.appendString(rest, string);
        } else {
            rest.append(text);
        }
    }

    private static Object value(String name, JsonToken kind, String text) throws Refusal {
        if (STRINGS.contains(name)) {
            return string(name, kind, text);
        }
        if (NUMBERS.contains(name) || kind.isNumeric()) {
            requireNumber(name, kind, text);
            double value = Double.parseDouble(text);
            if (Double.isInfinite(value)) {
                throw new Refusal("number_out_of_range", name);
            }
            return new Event.Written(text, value);
        }
        return kind.isBoolean() ? (Object) (kind == JsonToken.VALUE_TRUE) : string(name, kind, text);
    }

    private String json(Event event, long time) {
        StringBuilder out = new StringBuilder(128 + rest.length());
        out.append("{\"event_id\":");
        Json.appendString(out, event.eventId);
        out.append(",\"user_id\":");
        Json.appendString(out, event.userId);
        out.append(",\"event_time\":\"");
        Quantities.appendTime(out, time);
        out.append("\",\"amount\":");
        Money.append(out, event.amountUnits);
        return out.append(rest).toString();
    }

    private static void checkName(String name) throws Refusal {
        if (!isClean(name)) {
            throw new Refusal("bad_string", shown(name));
        }
        if (RESERVED.contains(name)) {
            throw new Refusal("reserved_field", name);
        }
    }

    private static void require(String field, boolean present) throws Refusal {
        if (!present) {
            throw new Refusal("missing_field", field);
        }
    }

    private static String string(String name, JsonToken kind, String text) throws Refusal {
        if (kind != JsonToken.VALUE_STRING) {
            throw new Refusal("wrong_type", shown(name) + " is not a string");
        }
        if (!isClean(text)) {
            throw new Refusal("bad_string", shown(name));
        }
        return text;
    }

    private static String id(String name, JsonToken kind, String text) throws Refusal {
        if (string(name, kind, text).isEmpty()) {
            throw new Refusal("empty_id", name);
        }
        return text;
    }

    private static long time(String name, JsonToken kind, String text) throws Refusal {
        if (kind.isNumeric()) {
            return Quantities.epochMs(text);
        }
        if (kind != JsonToken.VALUE_STRING) {
            throw new Refusal("wrong_type", name + " is neither a string nor a number");
        }
        return Quantities.isoMs(string(name, kind, text));
    }

    private static String requireNumber(String name, JsonToken kind, String text) throws Refusal {
        if (!kind.isNumeric()) {
            throw new Refusal("wrong_type", name + " is not a number");
        }
        return text;
    }

    private static boolean isClean(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                return false;
            }
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    private static String shown(String name) {
        return name.substring(0, Math.min(100, name.length())).replace("\0", "\\x00");
    }
}
