package fraudctl.kernel.decision;

import fraudctl.kernel.wire.Bytes;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * A decision in Protobuf, by pipeline/schemas/decision.proto; pipeline/records/decision_protobuf.py reads it.
 * In front stands the place of its message in the schema, as registries have it.
 */
final class ProtoDecision {
    private static final byte[] FIRST_MESSAGE = {0};
    private static final int VARINT = 0;
    private static final int EIGHT = 1;
    private static final int LENGTH = 2;

    private final Bytes out = new Bytes(new byte[64]);

    private ProtoDecision() {}

    static byte[] of(DecisionParts said) {
        ProtoDecision written = new ProtoDecision();
        written.out.write(FIRST_MESSAGE);
        written.transaction(said);
        written.verdict(said);
        return written.out.written();
    }

    private void transaction(DecisionParts said) {
        text(1, said.eventId);
        text(2, said.userId);
        whole(3, said.timeMs);
        zigzag(4, said.amountUnits);
        members(5, said.fields);
        message(6, source -> {
            source.text(1, said.topic);
            source.whole(2, said.partition);
            source.whole(3, said.offset);
        });
    }

    private void verdict(DecisionParts said) {
        members(7, said.features);
        whole(8, said.late ? 1 : 0);
        whole(9, said.saturated ? 1 : 0);
        text(10, said.contentHash == null ? "" : said.contentHash);
        said.warming.forEach(feature -> bytes(11, feature));
        whole(12, said.score);
        whole(13, AvroDecision.VERDICTS.indexOf(said.decision));
        for (DecisionParts.Reason reason : said.reasons) {
            message(14, one -> {
                one.text(1, reason.rule());
                one.zigzag(2, reason.points());
                one.text(3, reason.text());
            });
        }
        for (DecisionParts.Member error : said.pluginErrors) {
            message(15, one -> {
                one.bytes(1, error.name());
                one.bytes(2, (String) error.value());
            });
        }
        text(16, said.version);
        text(17, said.hash);
    }

    private void members(int field, List<DecisionParts.Member> members) {
        for (DecisionParts.Member member : members) {
            message(field, entry -> {
                entry.bytes(1, member.name());
                entry.message(2, value -> value.scalar(member.value()));
            });
        }
    }

    /** Of a oneof the one that is there is written, whatever it is. */
    private void scalar(Object value) {
        if (value instanceof String text) {
            bytes(1, text);
        } else if (value instanceof Boolean is) {
            tag(2, VARINT);
            out.writeUnsigned(is ? 1 : 0);
        } else if (value instanceof Long whole) {
            tag(3, VARINT);
            out.writeLong(whole);
        } else if (value instanceof Double fraction) {
            tag(4, EIGHT);
            out.writeWord(Long.reverseBytes(Double.doubleToLongBits(fraction)));
        } else {
            bytes(5, ((DecisionParts.Written) value).text());
        }
    }

    private void message(int field, Consumer<ProtoDecision> fill) {
        ProtoDecision within = new ProtoDecision();
        fill.accept(within);
        bytes(field, within.out.written());
    }

    private void text(int field, String text) {
        if (!text.isEmpty()) {
            bytes(field, text);
        }
    }

    private void whole(int field, long number) {
        if (number != 0) {
            tag(field, VARINT);
            out.writeUnsigned(number);
        }
    }

    private void zigzag(int field, long number) {
        if (number != 0) {
            tag(field, VARINT);
            out.writeLong(number);
        }
    }

    private void bytes(int field, String text) {
        bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    private void bytes(int field, byte[] bytes) {
        tag(field, LENGTH);
        out.writeUnsigned(bytes.length);
        out.write(bytes);
    }

    private void tag(int field, int wire) {
        out.writeUnsigned((long) field << 3 | wire);
    }
}
