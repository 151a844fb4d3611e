package fraudctl.kernel.event;

import fraudctl.kernel.wire.Ids;
import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Money;
import fraudctl.kernel.wire.Quantities;
import fraudctl.kernel.wire.Refusal;
import fraudctl.kernel.wire.Spelling;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;

/**
 * Bytes of the transaction topic to {@link Event}, or a {@link Refusal}. Accepts and refuses exactly
 * what pipeline/records/events.py does, with the same codes in the same order of precedence.
 */
public final class Decoder {
    private static final int MAX_NESTING = 20;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(100_000).maxNumberLength(1 << 20).maxStringLength(1 << 24)
                    .maxNameLength(1 << 20).build())
            .build();

    private static final String REUSED = "#reused-";
    private static final Pattern EXTENDED = Pattern.compile(".*" + REUSED + "[0-9a-f]{16}", Pattern.DOTALL);

    /** Producers use a few names; whoever makes them up must not fill the memory. */
    private static final int MOST_REMEMBERED = 1_024;

    private final int maxEventBytes;
    private final Ids ids;
    private final Beside beside;
    private Slots slots;
    private Derived[] derived;
    private final Map<String, Field> known = new HashMap<>();
    private final ArrayList<Field> fields = new ArrayList<>();
    private final ArrayList<JsonToken> kinds = new ArrayList<>();
    private final ArrayList<String> texts = new ArrayList<>();
    private final StringBuilder whole = new StringBuilder(1_024);
    private final StringBuilder rest = new StringBuilder(512);
    private final ContentHash hash = new ContentHash();
    private long record;
    private Field repeated;
    private String asSent;

    public Decoder(Slots slots, int maxEventBytes, Ids ids) {
        this(slots, maxEventBytes, ids, null);
    }

    /** Of objects that have more than a transaction; their content is not hashed, which scoring them does. */
    Decoder(Slots slots, int maxEventBytes, Ids ids, Beside beside) {
        this.slots = slots;
        this.derived = slots.derived();
        this.maxEventBytes = maxEventBytes;
        this.ids = ids;
        this.beside = beside;
    }

    /** From now on fields go to these slots. */
    public void use(Slots next) {
        slots = next;
        derived = next.derived();
        known.clear();
    }

    /** Fills in everything but the place in the log. Returns the event time in milliseconds. */
    public long decode(byte[] value, Event event) throws Refusal {
        if (value == null) {
            throw new Refusal("empty_value", "the record has no value");
        }
        if (value.length > maxEventBytes) {
            throw new Refusal("too_large", value.length + " bytes, at most " + maxEventBytes);
        }
        readMembers(text(value));
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
        fields.clear();
        kinds.clear();
        texts.clear();
        if (known.size() > MOST_REMEMBERED) {
            known.clear();
        }
        record++;
        repeated = null;
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
        if (repeated != null) {
            throw new Refusal("duplicate_field", Field.shown(repeated.name));
        }
    }

    private void member(JsonParser parser, JsonToken token) throws IOException {
        if (token == JsonToken.FIELD_NAME) {
            field(parser.currentName());
            return;
        }
        kinds.add(token);
        texts.add(token.isScalarValue() ? parser.getText() : null);
    }

    private static String firstLine(String message) {
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }

    private void field(String name) {
        Field field = known.get(name);
        if (field == null) {
            field = new Field(name, slots);
            known.put(name, field);
        }
        if (field.lastRecord == record && repeated == null) {
            repeated = field;
        }
        field.lastRecord = record;
        fields.add(field);
    }

    private long fill(Event event) throws Refusal {
        event.slots = new Object[slots.count()];
        long time = Long.MIN_VALUE;
        String amount = null;
        rest.setLength(0);
        asSent = null;
        hash.begin();
        for (int i = 0; i < fields.size(); i++) {
            Field field = fields.get(i);
            JsonToken kind = kinds.get(i);
            String text = texts.get(i);
            if (beside != null && beside.takes(field.name, kind, text)) {
                continue;
            }
            if (field.refusal != null) {
                throw field.refusal;
            }
            if (kind == JsonToken.VALUE_NULL) {
                continue;
            }
            if (kind.isStructStart()) {
                throw new Refusal("not_scalar", Field.shown(field.name));
            }
            switch (field.type) {
                case EVENT_ID -> event.eventId = eventId(field, kind, text);
                case USER_ID -> event.userId = id(field, kind, text);
                case EVENT_TIME -> time = time(field, kind, text);
                case AMOUNT -> {
                    requireNumber(field, kind);
                    amount = text;
                    event.amountUnits = Quantities.amountUnits(text);
                }
                case STRING -> spelt(event, field, kind, text);
                default -> further(event, field, kind, text);
            }
        }
        if (asSent != null && !has(Spelling.AS_SENT)) {
            further(event, known.computeIfAbsent(Spelling.AS_SENT, name -> new Field(name, slots)),
                    JsonToken.VALUE_STRING, asSent);
        }
        require("event_id", event.eventId != null);
        require("user_id", event.userId != null);
        require("event_time", time != Long.MIN_VALUE);
        require("amount", amount != null);
        event.json = json(event, time);
        event.content = beside == null ? hash.of(event.json, rest) : ContentHash.UNKNOWN;
        event.timeMs = time;
        event.derived = derived;
        slots.fillKeys(event);
        return time;
    }

    private boolean has(String name) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.get(i).name.equals(name)) {
                return kinds.get(i) != JsonToken.VALUE_NULL;
            }
        }
        return false;
    }

    /** A text in its one spelling; blanks are absent. */
    private void spelt(Event event, Field field, JsonToken kind, String text) throws Refusal {
        isPlainString(field, kind, text);
        if (Spelling.isBlank(text)) {
            return;
        }
        String spelt = text;
        if (field.isAddress) {
            spelt = Spelling.address(text);
            asSent = spelt.equals(text) ? null : text;
        } else if (field.isCode) {
            spelt = Spelling.code(text);
        }
        further(event, field, kind, spelt);
    }

    /** A field that the job knows nothing of but its name and its type. */
    private void further(Event event, Field field, JsonToken kind, String text) throws Refusal {
        Object value = text;
        hash.member(field.name, rest.length());
        rest.append(field.jsonKey);
        if (field.type == Field.Type.NUMBER || kind.isNumeric() && field.type == Field.Type.ANY) {
            value = number(field, kind, text);
            rest.append(text);
        } else if (kind.isBoolean() && field.type == Field.Type.ANY) {
            value = kind == JsonToken.VALUE_TRUE;
            rest.append(text);
        } else {
            rest.append('"');
            boolean isPlain = isPlainString(field, kind, text);
            if (field.isId) {
                ids.check(Field.shown(field.name), text);
            }
            if (isPlain) {
                rest.append(text);
            } else {
                Json.appendEscaped(rest, text);
            }
            rest.append('"');
        }
        if (field.slot != Slots.NO_SLOT) {
            event.slots[field.slot] = value;
        }
    }

    private String json(Event event, long time) {
        StringBuilder out = whole;
        out.setLength(0);
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

    private static void require(String field, boolean present) throws Refusal {
        if (!present) {
            throw new Refusal("missing_field", field);
        }
    }

    /** Whether a string needs no escapes in JSON; refuses what is no string or must not be one. */
    private static boolean isPlainString(Field field, JsonToken kind, String text) throws Refusal {
        if (kind != JsonToken.VALUE_STRING) {
            throw new Refusal("wrong_type", Field.shown(field.name) + " is not a string");
        }
        boolean isPlain = Json.isPlain(text);
        if (!isPlain && !Field.isClean(text)) {
            throw new Refusal("bad_string", Field.shown(field.name));
        }
        return isPlain;
    }

    private String id(Field field, JsonToken kind, String text) throws Refusal {
        isPlainString(field, kind, text);
        if (Spelling.isBlank(text)) {
            throw new Refusal("empty_id", field.name);
        }
        ids.check(field.name, text);
        return text;
    }

    /** One that looks like the stored id of an event whose id was used again would take its place in stores. */
    private String eventId(Field field, JsonToken kind, String text) throws Refusal {
        id(field, kind, text);
        if (text.contains(REUSED) && EXTENDED.matcher(text).matches()) {
            throw new Refusal("reserved_id", field.name);
        }
        return text;
    }

    private static long time(Field field, JsonToken kind, String text) throws Refusal {
        if (kind.isNumeric()) {
            return Quantities.epochMs(text);
        }
        if (kind != JsonToken.VALUE_STRING) {
            throw new Refusal("wrong_type", field.name + " is neither a string nor a number");
        }
        isPlainString(field, kind, text);
        return Quantities.isoMs(text);
    }

    private static Event.Written number(Field field, JsonToken kind, String text) throws Refusal {
        requireNumber(field, kind);
        double value = Double.parseDouble(text);
        if (Double.isInfinite(value)) {
            throw new Refusal("number_out_of_range", field.name);
        }
        return new Event.Written(text, value);
    }

    private static void requireNumber(Field field, JsonToken kind) throws Refusal {
        if (!kind.isNumeric()) {
            throw new Refusal("wrong_type", Field.shown(field.name) + " is not a number");
        }
    }
}
