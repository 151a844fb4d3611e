package fraudctl.kernel.plan;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** What was proposed on the topic and who approved of it: as {@code pipeline/scoring/approval.py} says. */
final class Ballot {
    private static final String[] SAME = {"action", "version", "hash", "previous", "effective_from_ms", "ruleset",
        "shadow", "author", "host", "at", "reason"};

    private final int wanted;
    private final Map<Long, Proposal> proposed = new HashMap<>();
    private final Map<Long, Set<Consent>> approved = new HashMap<>();

    private record Proposal(JsonNode record, String key, String digest) {}

    private record Consent(String key, String digest) {}

    /** @param wanted how many others must approve; with 0 nobody is asked */
    Ballot(int wanted) {
        this.wanted = wanted;
    }

    /** A sound and signed record that is no activation, and its bytes without the signature. */
    void take(long offset, JsonNode record, String key, byte[] payload) throws GeneralSecurityException {
        String kind = record.get("kind").asText();
        if (kind.equals("proposal")) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(payload);
            proposed.put(offset, new Proposal(record, key, HexFormat.of().formatHex(digest)));
        } else if (kind.equals("approval")) {
            approved.computeIfAbsent(record.get("proposal").asLong(), ignored -> new HashSet<>())
                    .add(new Consent(key, record.get("digest").asText()));
        }
    }

    /** Why an activation lacks approval; null where it has it, or is asked for none. */
    String problem(JsonNode record) {
        if (wanted == 0 || isNothing(record.path("previous"))) {
            return null;
        }
        JsonNode number = record.path("proposal");
        Proposal found = isNothing(number) ? null : proposed.get(number.asLong());
        if (found == null) {
            return "it wants approval, and nobody proposed it";
        }
        for (String name : SAME) {
            if (!isSame(record.path(name), found.record.path(name))) {
                return "it is not what was proposed at offset " + number.asLong();
            }
        }
        long given = given(number.asLong(), found);
        return given < wanted
                ? "it wants " + wanted + " approval(s) of others than its author and has " + given
                : null;
    }

    private long given(long offset, Proposal of) {
        return approved.getOrDefault(offset, Set.of()).stream()
                .filter(one -> !one.key.equals(of.key) && one.digest.equals(of.digest)).map(Consent::key).distinct().count();
    }

    private static boolean isSame(JsonNode one, JsonNode other) {
        return isNothing(one) ? isNothing(other) : one.equals(other);
    }

    private static boolean isNothing(JsonNode node) {
        return node.isNull() || node.isMissingNode();
    }
}
