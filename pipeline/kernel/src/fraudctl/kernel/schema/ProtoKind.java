package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Refusal;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * How one type is written (its wire type), how it is read as JSON, and what it is where it is not written.
 *
 * @param isMessage whether it is a message of its own, which may come in parts
 */
record ProtoKind(int wire, Reading reading, String absent, boolean isMessage) {
    private static final int LARGEST_DECIMAL_BYTES = 64;
    private static final int PLAIN_DIGITS = 20;

    /** How what stands in the content becomes JSON. */
    interface Reading {
        String read(ProtoContent.Raw raw) throws Refusal;
    }

    static final Map<String, ProtoKind> SCALARS = scalars();
    /** Messages that are known beforehand, since registries need no reference to them. */
    static final Map<String, ProtoKind> PARTS = parts();

    String read(ProtoContent.Raw raw) throws Refusal {
        return reading.read(raw);
    }

    /** An enum of these names. */
    static ProtoKind symbol(Map<Integer, String> names) {
        String first = names.containsKey(0) ? AvroContent.quoted(names.get(0)) : null;
        Reading reading = raw -> {
            int number = (int) signed(raw.number(), 32);
            if (!names.containsKey(number)) {
                throw AvroRecord.undecodable("its enum has no value " + number);
            }
            return AvroContent.quoted(names.get(number));
        };
        return new ProtoKind(ProtoContent.VARINT, reading, first, false);
    }

    private static Map<String, ProtoKind> scalars() {
        Map<String, ProtoKind> found = new HashMap<>();
        found.put("int32", varint(raw -> Long.toString(signed(raw.number(), 32))));
        found.put("int64", varint(raw -> Long.toString(raw.number())));
        found.put("uint32", varint(raw -> Long.toUnsignedString(plain(raw.number(), 32))));
        found.put("uint64", varint(raw -> Long.toUnsignedString(raw.number())));
        found.put("sint32", varint(raw -> Long.toString(zigzag(plain(raw.number(), 32)))));
        found.put("sint64", varint(raw -> Long.toString(zigzag(raw.number()))));
        found.put("fixed32", number(ProtoContent.FOUR, raw -> Long.toString(raw.little().getInt() & 0xFFFFFFFFL)));
        found.put("sfixed32", number(ProtoContent.FOUR, raw -> Integer.toString(raw.little().getInt())));
        found.put("fixed64", number(ProtoContent.EIGHT, raw -> Long.toUnsignedString(raw.little().getLong())));
        found.put("sfixed64", number(ProtoContent.EIGHT, raw -> Long.toString(raw.little().getLong())));
        found.put("float", number(ProtoContent.FOUR, raw -> AvroRecord.shortest(raw.little().getFloat(), true)));
        found.put("double", number(ProtoContent.EIGHT, raw -> AvroRecord.shortest(raw.little().getDouble(), false)));
        found.put("bool", new ProtoKind(ProtoContent.VARINT, ProtoKind::truth, "false", false));
        found.put("string", new ProtoKind(ProtoContent.LENGTH, ProtoKind::text, null, false));
        return Map.copyOf(found);
    }

    private static Map<String, ProtoKind> parts() {
        Map<String, ProtoKind> found = new HashMap<>();
        found.put("google.protobuf.Timestamp", part(ProtoKind::timestamp));
        found.put("confluent.type.Decimal", part(ProtoKind::decimal));
        Map<String, String> wrappers = Map.of("DoubleValue", "double", "FloatValue", "float", "Int64Value", "int64",
                "UInt64Value", "uint64", "Int32Value", "int32", "UInt32Value", "uint32", "BoolValue", "bool",
                "StringValue", "string");
        wrappers.forEach((name, scalar) ->
                found.put("google.protobuf." + name, part(wrapped(SCALARS.get(scalar)))));
        return Map.copyOf(found);
    }

    private static ProtoKind varint(Reading reading) {
        return number(ProtoContent.VARINT, reading);
    }

    private static ProtoKind number(int wire, Reading reading) {
        return new ProtoKind(wire, reading, "0", false);
    }

    private static ProtoKind part(Reading reading) {
        return new ProtoKind(ProtoContent.LENGTH, reading, null, true);
    }

    private static long signed(long number, int bits) throws Refusal {
        if (number >> bits - 1 != number >> 63) {
            throw tooLarge(bits);
        }
        return number;
    }

    private static long plain(long number, int bits) throws Refusal {
        if (number >>> bits != 0) {
            throw tooLarge(bits);
        }
        return number;
    }

    private static long zigzag(long number) {
        return number >>> 1 ^ -(number & 1);
    }

    private static String truth(ProtoContent.Raw raw) throws Refusal {
        if (raw.number() >>> 1 != 0) {
            throw AvroRecord.undecodable("a bool of " + Long.toUnsignedString(raw.number()));
        }
        return raw.number() == 1 ? "true" : "false";
    }

    private static String text(ProtoContent.Raw raw) throws Refusal {
        try {
            return AvroContent.quoted(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw.bytes()))
                    .toString());
        } catch (CharacterCodingException malformed) {
            throw new Refusal("invalid_utf8", "a text that is not UTF-8");
        }
    }

    private static String timestamp(ProtoContent.Raw raw) throws Refusal {
        Map<Integer, ProtoContent.Raw> found = within(raw, "int64", "int32");
        long nanos = signed(numberOf(found.get(2)), 32);
        return BigInteger.valueOf(numberOf(found.get(1))).multiply(BigInteger.valueOf(1_000))
                .add(BigInteger.valueOf(Math.floorDiv(nanos, 1_000_000L))).toString();
    }

    private static String decimal(ProtoContent.Raw raw) throws Refusal {
        Map<Integer, ProtoContent.Raw> found = within(raw, "", "uint32", "int32");
        byte[] digits = found.containsKey(1) ? found.get(1).bytes() : new byte[0];
        long places = signed(numberOf(found.get(3)), 32);
        if (digits.length < 1 || digits.length > LARGEST_DECIMAL_BYTES || places < 0 || places > PLAIN_DIGITS) {
            throw AvroRecord.undecodable("a decimal of " + digits.length + " bytes with scale " + places);
        }
        return new BigDecimal(new BigInteger(digits), (int) places).toPlainString();
    }

    private static Reading wrapped(ProtoKind scalar) {
        String absent = scalar.absent() == null ? "\"\"" : scalar.absent();
        return raw -> {
            ProtoContent.Shape shape = new ProtoContent.Shape();
            shape.add(1, scalar, 0);
            ProtoContent.Raw value = ProtoContent.fields(new AvroContent(raw.bytes(), 0), shape).get(1);
            return value == null ? absent : scalar.read(value);
        };
    }

    /** The fields of a message known beforehand, numbered from 1 on; those without a type are bytes. */
    private static Map<Integer, ProtoContent.Raw> within(ProtoContent.Raw raw, String... types) throws Refusal {
        ProtoContent.Shape shape = new ProtoContent.Shape();
        for (int i = 0; i < types.length; i++) {
            shape.add(i + 1, types[i].isEmpty() ? SCALARS.get("string") : SCALARS.get(types[i]), 0);
        }
        return ProtoContent.fields(new AvroContent(raw.bytes(), 0), shape);
    }

    private static long numberOf(ProtoContent.Raw raw) {
        return raw == null ? 0 : raw.number();
    }

    private static Refusal tooLarge(int bits) {
        return AvroRecord.undecodable("a number of more than " + bits + " bits");
    }
}
