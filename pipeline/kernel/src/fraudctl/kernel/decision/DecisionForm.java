package fraudctl.kernel.decision;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;

/**
 * What the value of a decision is made of its JSON. pipeline/records/decision_forms.py makes the JSON of each
 * again, byte for byte.
 */
public enum DecisionForm {
    JSON(json -> json),
    AVRO(json -> AvroDecision.of(DecisionParts.of(json))),
    PROTOBUF(json -> ProtoDecision.of(DecisionParts.of(json)));

    private final Function<byte[], byte[]> content;

    DecisionForm(Function<byte[], byte[]> content) {
        this.content = content;
    }

    /** The one of that name in small letters. */
    public static DecisionForm named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** The value, behind what stands in front of it. */
    byte[] value(byte[] frame, byte[] json) {
        if (frame.length == 0) {
            return json;
        }
        byte[] written = content.apply(json);
        byte[] framed = Arrays.copyOf(frame, frame.length + written.length);
        System.arraycopy(written, 0, framed, frame.length, written.length);
        return framed;
    }
}
