package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Refusal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** What was written last of each field of a message; nothing is let pass that its schema does not have. */
final class ProtoContent {
    static final int VARINT = 0;
    static final int EIGHT = 1;
    static final int LENGTH = 2;
    static final int FOUR = 5;

    /** What stands in the content: a number, or bytes. */
    record Raw(long number, byte[] bytes) {
        ByteBuffer little() {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** The fields of a message by their numbers. */
    static final class Shape {
        private record Place(ProtoKind kind, int oneof) {}

        private final Map<Integer, Place> places = new HashMap<>();

        void add(int number, ProtoKind kind, int oneof) {
            places.put(number, new Place(kind, oneof));
        }
    }

    private ProtoContent() {}

    /** Of a message within another, which may come in parts, these go together. */
    static Map<Integer, Raw> fields(AvroContent content, Shape shape) throws Refusal {
        Map<Integer, Raw> found = new HashMap<>();
        while (!content.isAtEnd()) {
            long tag = unsigned(content);
            int wire = (int) (tag & 7);
            int number = tag >>> 3 > Integer.MAX_VALUE ? 0 : (int) (tag >>> 3);
            Shape.Place place = shape.places.get(number);
            if (place == null || place.kind.wire() != wire) {
                throw AvroRecord.undecodable("its schema has no field " + (tag >>> 3) + " of wire type " + wire);
            }
            Raw raw = raw(content, wire);
            if (place.kind.isMessage() && found.containsKey(number)) {
                raw = new Raw(0, joined(found.get(number).bytes, raw.bytes));
            }
            if (place.oneof > 0) {
                found.keySet().removeIf(other -> shape.places.get(other).oneof == place.oneof);
            }
            found.put(number, raw);
        }
        return found;
    }

    /** A number of up to 64 bits, in seven of each byte. */
    static long unsigned(AvroContent content) throws Refusal {
        long found = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            long next = content.take(1)[0] & 0xFF;
            if (shift == 63 && next > 1) {
                break;
            }
            found |= (next & 0x7F) << shift;
            if (next < 0x80) {
                return found;
            }
        }
        throw AvroRecord.undecodable("a number of more than 64 bits");
    }

    private static Raw raw(AvroContent content, int wire) throws Refusal {
        if (wire == VARINT) {
            return new Raw(unsigned(content), null);
        }
        return new Raw(0, content.take(wire == LENGTH ? unsigned(content) : wire == EIGHT ? 8 : 4));
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
