package fraudctl.kernel.plan;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.HashSet;
import java.util.Set;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/** Which records of the topic of activations count, and from when: as {@code pipeline/scoring/activation.py} says. */
public final class Activations {
    /** What an activation is ahead of the first event it is for. */
    static final long AHEAD_MS = 1_000;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final JsonNode settings;
    private final Trust trust;
    private final RecordCheck check;
    private final Aside aside;
    private final Ballot ballot;
    private final Set<Long> putAside = new HashSet<>();
    private Plan newest;
    private long newestOffset = -1;

    /** Is told of a record that is put aside. */
    public interface Aside {
        void put(long offset, String reason);
    }

    /** @param trust whose records count, as in {@link Rules} */
    public Activations(JsonNode settings, String trust, RecordCheck check, Aside aside) {
        this.settings = settings;
        this.trust = Trust.read(trust);
        this.ballot = new Ballot(this.trust.approvals());
        this.check = check;
        this.aside = aside;
    }

    /** The plan that the record activates; null when it is put aside, is none, or builds on another than the newest. */
    public Plan accept(long offset, long appendMs, byte[] value) {
        try {
            boolean isAsked = trust.asks(offset) && value != null && value.length > 0;
            String problem = isAsked ? trust.problem(value) : null;
            if (problem != null) {
                return putAside(offset, problem);
            }
            byte[] payload = value == null ? null : trust.payload(value);
            problem = check.problem(payload);
            String key = isAsked ? trust.key(value) : null;
            return problem == null ? counted(offset, appendMs, payload, key) : putAside(offset, problem);
        } catch (IOException | GeneralSecurityException | RuntimeException unexpected) {
            // The check has a gap, then. No record may stop the scoring.
            return putAside(offset, "the kernel cannot read it: " + unexpected);
        }
    }

    /** {@code key} is what the record is signed by, null of one that is not asked for a signature. */
    private Plan counted(long offset, long appendMs, byte[] value, String key)
            throws IOException, GeneralSecurityException {
        JsonNode record = MAPPER.readTree(value);
        String problem = key != null ? trust.destinationProblem(record) : null;
        if (problem != null) {
            return putAside(offset, problem);
        }
        if (!record.get("kind").asText().equals("activation")) {
            if (key != null) {
                ballot.take(offset, record, key, value);
            }
            return null;
        }
        long previous = record.get("previous").asLong(-1);
        if (putAside.contains(previous)) {
            return putAside(offset, "it builds on the record at offset " + previous + ", which is put aside");
        }
        if (previous != newestOffset) {
            return null;
        }
        int epoch = newest == null ? 0 : newest.epoch + 1;
        if (record.get("plan").get("epoch").asInt() != epoch) {
            return putAside(offset, "its plan has the epoch " + record.get("plan").get("epoch") + ", it would be "
                    + epoch);
        }
        problem = key != null ? ballot.problem(record) : null;
        if (problem != null) {
            return putAside(offset, problem);
        }
        newest = following(appendMs, record, value);
        newestOffset = offset;
        return newest;
    }

    private Plan following(long appendMs, JsonNode record, byte[] value) {
        if (newest == null) {
            return Plan.first(Plan.withSettings(record.get("plan"), settings), value);
        }
        long from = Math.max(record.get("effective_from_ms").asLong(Long.MIN_VALUE), appendMs + AHEAD_MS);
        return newest.next(record.get("plan"), Math.max(from, newest.fromMs), value);
    }

    private Plan putAside(long offset, String problem) {
        putAside.add(offset);
        aside.put(offset, problem);
        return null;
    }
}
