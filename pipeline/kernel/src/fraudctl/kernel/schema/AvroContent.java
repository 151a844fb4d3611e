package fraudctl.kernel.schema;

import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Refusal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The bytes of one record, read from a place on; a {@link Refusal} where they are not by the schema. */
final class AvroContent {
    private final byte[] value;
    private int at;

    AvroContent(byte[] value, int from) {
        this.value = value;
        this.at = from;
    }

    byte[] take(long count) throws Refusal {
        if (count < 0 || count > value.length - at) {
            throw AvroRecord.undecodable("the content ends too early");
        }
        at += (int) count;
        return Arrays.copyOfRange(value, at - (int) count, at);
    }

    ByteBuffer number(int bytes) throws Refusal {
        return ByteBuffer.wrap(take(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A number in zigzag form, of as many bytes as it needs. */
    long whole(int bits) throws Refusal {
        long found = 0;
        int shift = 0;
        while (true) {
            if (at == value.length) {
                throw AvroRecord.undecodable("the content ends too early");
            }
            int next = value[at++] & 0xFF;
            long part = next & 0x7FL;
            if (shift + 7 > bits && part >>> (bits - shift) != 0) {
                throw AvroRecord.undecodable("a number of more than " + bits + " bits");
            }
            found |= part << shift;
            shift += 7;
            if (next < 0x80) {
                return found >>> 1 ^ -(found & 1);
            }
            if (shift > bits) {
                throw AvroRecord.undecodable("a number of more than " + bits + " bits");
            }
        }
    }

    /** A text as JSON. */
    String text() throws Refusal {
        byte[] bytes = take(whole(64));
        try {
            return quoted(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException malformed) {
            throw new Refusal("invalid_utf8", "a text that is not UTF-8");
        }
    }

    boolean isAtEnd() {
        return at == value.length;
    }

    /** Nothing may follow. */
    void end() throws Refusal {
        if (!isAtEnd()) {
            throw AvroRecord.undecodable(value.length - at + " bytes follow the record");
        }
    }

    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2);
        Json.appendString(quoted, text);
        return quoted.toString();
    }
}
