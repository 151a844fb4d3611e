package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Refusal;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * A flat Avro record as JSON, as pipeline/records/avro.py says: the same bytes, and refused for the same reasons.
 *
 * <p>A transaction's fields are scalars, so no more of Avro is read than records of scalars, each alone or in a
 * union with null, and nothing is let pass that is not exactly by the schema.
 */
final class AvroRecord {
    private static final int LARGEST_DECIMAL_BYTES = 64;
    private static final int PLAIN_DIGITS = 20;
    private static final Map<String, Long> TIMES =
            Map.of("timestamp-millis", 1L, "timestamp-micros", 1_000L, "timestamp-nanos", 1_000_000L);
    private static final Map<String, Reading> PLAIN = Map.of(
            "boolean", AvroRecord::truth,
            "int", content -> Long.toString(content.whole(32)),
            "long", content -> Long.toString(content.whole(64)),
            "float", content -> shortest(content.number(4).getFloat(), true),
            "double", content -> shortest(content.number(8).getDouble(), false),
            "string", AvroContent::text);

    /** How content of one type is read as JSON. */
    private interface Reading {
        String read(AvroContent content) throws Refusal;
    }

    /** One field; {@code nullAt} is the place of null in its union, or -1. */
    private record Field(String name, Reading reading, int nullAt) {}

    private final List<Field> fields = new ArrayList<>();
    private final Map<String, JsonNode> named = new HashMap<>();
    private final String space;

    AvroRecord(JsonNode schema) throws Unsupported {
        if (!schema.path("type").asText().equals("record") || !schema.path("type").isTextual()) {
            throw new Unsupported("it is no record");
        }
        if (!schema.path("fields").isArray()) {
            throw new Unsupported("its fields are missing");
        }
        String name = schema.path("name").asText();
        String own = schema.path("namespace").asText();
        space = own.isEmpty() ? name.substring(0, Math.max(0, name.lastIndexOf('.'))) : own;
        for (JsonNode field : schema.get("fields")) {
            fields.add(field(field));
        }
    }

    /** The record whose content begins at that place, as a JSON object. */
    byte[] json(byte[] value, int from) throws Refusal {
        AvroContent content = new AvroContent(value, from);
        StringBuilder json = new StringBuilder(512).append('{');
        for (Field field : fields) {
            if (field.nullAt >= 0) {
                long place = content.whole(64);
                if (place == field.nullAt) {
                    continue;
                }
                if (place != 1 - field.nullAt) {
                    throw undecodable(field.name + ": its union has no place " + place);
                }
            }
            json.append(json.length() > 1 ? "," : "").append(AvroContent.quoted(field.name)).append(':')
                    .append(field.reading.read(content));
        }
        content.end();
        return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    private Field field(JsonNode given) throws Unsupported {
        if (!given.path("name").isTextual()) {
            throw new Unsupported("a field has no name");
        }
        String name = given.get("name").asText();
        JsonNode type = given.path("type");
        int nullAt = -1;
        try {
            if (type.isArray()) {
                nullAt = nullIn(type);
                type = type.get(1 - nullAt);
            }
            return new Field(name, reading(type), nullAt);
        } catch (Unsupported why) {
            throw new Unsupported("field " + name + ": " + why.getMessage());
        }
    }

    private static int nullIn(JsonNode union) throws Unsupported {
        int nulls = 0;
        int nullAt = -1;
        for (int i = 0; i < union.size(); i++) {
            if (union.get(i).isTextual() && union.get(i).asText().equals("null")) {
                nulls++;
                nullAt = i;
            }
        }
        if (union.size() != 2 || nulls != 1) {
            throw new Unsupported("a union of other than null and one type");
        }
        return nullAt;
    }

    private Reading reading(JsonNode type) throws Unsupported {
        if (type.isTextual()) {
            JsonNode known = named.get(full(type.asText(), ""));
            return known == null ? scalar(type.asText(), "", type) : reading(known);
        }
        if (!type.isObject()) {
            throw new Unsupported("its type is no scalar");
        }
        if (type.path("type").isObject()) {
            return reading(type.get("type"));
        }
        if (type.path("name").isTextual()) {
            named.put(full(type.get("name").asText(), type.path("namespace").asText()), type);
        }
        return scalar(type.path("type").asText(), type.path("logicalType").asText(), type);
    }

    private String full(String name, String own) {
        return name.indexOf('.') >= 0 ? name : (own.isEmpty() ? space : own) + "." + name;
    }

    private static Reading scalar(String base, String logical, JsonNode type) throws Unsupported {
        if (base.equals("enum")) {
            return symbol(type);
        }
        if (logical.equals("decimal") && (base.equals("bytes") || base.equals("fixed"))) {
            return decimal(base.equals("fixed"), type);
        }
        if (base.equals("long") && TIMES.containsKey(logical)) {
            long perMs = TIMES.get(logical);
            return content -> Long.toString(Math.floorDiv(content.whole(64), perMs));
        }
        Reading plain = PLAIN.get(base);
        if (plain == null) {
            throw new Unsupported((base.isEmpty() ? "None" : base) + " is no scalar of a transaction");
        }
        return plain;
    }

    private static Reading symbol(JsonNode type) throws Unsupported {
        List<String> texts = new ArrayList<>();
        for (JsonNode symbol : type.path("symbols")) {
            texts.add(symbol.isTextual() ? AvroContent.quoted(symbol.asText()) : null);
        }
        if (!type.path("symbols").isArray() || texts.contains(null)) {
            throw new Unsupported("an enum without symbols");
        }
        return content -> {
            long place = content.whole(32);
            if (place < 0 || place >= texts.size()) {
                throw undecodable("its enum has no symbol " + place);
            }
            return texts.get((int) place);
        };
    }

    private static Reading decimal(boolean isFixed, JsonNode type) throws Unsupported {
        JsonNode scale = type.path("scale");
        if (!scale.isMissingNode() && (!scale.isIntegralNumber() || !scale.canConvertToInt()
                || scale.asInt() < 0 || scale.asInt() > PLAIN_DIGITS)) {
            throw new Unsupported("a decimal of scale " + scale.asText());
        }
        JsonNode size = type.path("size");
        if (isFixed && !size.isIntegralNumber()) {
            throw new Unsupported("a fixed without a size");
        }
        return content -> {
            long count = isFixed ? size.asLong() : content.whole(64);
            if (count < 1 || count > LARGEST_DECIMAL_BYTES) {
                throw undecodable("a decimal of " + count + " bytes");
            }
            return new BigDecimal(new BigInteger(content.take(count)), scale.asInt(0)).toPlainString();
        };
    }

    private static String truth(AvroContent content) throws Refusal {
        int found = content.take(1)[0] & 0xFF;
        if (found > 1) {
            throw undecodable("a boolean of " + found);
        }
        return found == 1 ? "true" : "false";
    }

    /** The number with the fewest digits that is read as this one, the nearest of them. */
    static String shortest(double number, boolean isFloat) throws Refusal {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            throw new Refusal("number_out_of_range", "a number that JSON has no form for");
        }
        BigDecimal exact = new BigDecimal(number);
        BigDecimal found = exact;
        for (int digits = 1; digits < 18; digits++) {
            found = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            double read = Double.parseDouble(found.toString());
            if ((isFloat ? (float) read : read) == number) {
                break;
            }
        }
        return plain(found.stripTrailingZeros());
    }

    private static String plain(BigDecimal number) {
        int exponent = -number.scale();
        return number.signum() == 0 ? "0" : Math.abs(exponent) <= PLAIN_DIGITS
                ? number.toPlainString() : number.unscaledValue() + "e" + exponent;
    }

    static Refusal undecodable(String why) {
        return new Refusal("undecodable", why);
    }
}
