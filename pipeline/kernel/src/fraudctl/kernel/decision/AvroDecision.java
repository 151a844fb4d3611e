package fraudctl.kernel.decision;

import fraudctl.kernel.wire.Bytes;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A decision in Avro, by pipeline/schemas/decision.avsc; pipeline/records/decision_avro.py reads it. */
final class AvroDecision {
    static final List<String> VERDICTS = List.of("approve", "review", "block");
    private static final int FORM = 1;

    private final Bytes out = new Bytes();

    private AvroDecision() {}

    static byte[] of(DecisionParts said) {
        AvroDecision written = new AvroDecision();
        written.transaction(said);
        written.verdict(said);
        return written.out.written();
    }

    private void transaction(DecisionParts said) {
        out.writeLong(FORM);
        text(said.eventId);
        text(said.userId);
        out.writeLong(said.timeMs);
        bytes(BigInteger.valueOf(said.amountUnits).toByteArray());
        members(said.fields);
        text(said.topic);
        out.writeLong(said.partition);
        out.writeLong(said.offset);
    }

    private void verdict(DecisionParts said) {
        members(said.features);
        truth(said.late);
        truth(said.saturated);
        optional(said.contentHash);
        texts(said.warming);
        out.writeLong(said.score);
        out.writeLong(VERDICTS.indexOf(said.decision));
        reasons(said.reasons);
        errors(said.pluginErrors);
        text(said.version);
        text(said.hash);
    }

    private void members(List<DecisionParts.Member> members) {
        begin(members);
        for (DecisionParts.Member member : members) {
            text(member.name());
            scalar(member.value());
        }
        end();
    }

    /** The place of its type in the union, then the value. */
    private void scalar(Object value) {
        if (value instanceof String text) {
            out.writeLong(0);
            text(text);
        } else if (value instanceof Boolean is) {
            out.writeLong(1);
            truth(is);
        } else if (value instanceof Long whole) {
            out.writeLong(2);
            out.writeLong(whole);
        } else if (value instanceof Double fraction) {
            out.writeLong(3);
            out.writeWord(Long.reverseBytes(Double.doubleToLongBits(fraction)));
        } else {
            out.writeLong(4);
            text(((DecisionParts.Written) value).text());
        }
    }

    private void texts(List<String> texts) {
        begin(texts);
        texts.forEach(this::text);
        end();
    }

    private void reasons(List<DecisionParts.Reason> reasons) {
        begin(reasons);
        for (DecisionParts.Reason reason : reasons) {
            text(reason.rule());
            out.writeLong(reason.points());
            text(reason.text());
        }
        end();
    }

    private void errors(List<DecisionParts.Member> errors) {
        begin(errors);
        for (DecisionParts.Member error : errors) {
            text(error.name());
            text((String) error.value());
        }
        end();
    }

    /** One block holds all, where there is any; a block of none ends them. */
    private void begin(List<?> items) {
        if (!items.isEmpty()) {
            out.writeLong(items.size());
        }
    }

    private void end() {
        out.writeLong(0);
    }

    private void optional(String text) {
        out.writeLong(text == null ? 0 : 1);
        if (text != null) {
            text(text);
        }
    }

    private void truth(boolean is) {
        out.write(new byte[] {(byte) (is ? 1 : 0)});
    }

    private void text(String text) {
        bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private void bytes(byte[] bytes) {
        out.writeLong(bytes.length);
        out.write(bytes);
    }
}
