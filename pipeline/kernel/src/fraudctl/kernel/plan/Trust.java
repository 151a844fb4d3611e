package fraudctl.kernel.plan;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Whose records on the topic of activations count: as {@code pipeline/scoring/signature.py} says, which tells what is
 * signed and how. Python is not asked, since it may lack what verifies signatures, or not run in this process at all.
 */
final class Trust {
    private static final byte[] CONTEXT = "fraudctl rules record\n".getBytes(StandardCharsets.US_ASCII);
    private static final Pattern LINE =
            Pattern.compile("\\{\"key\":\"([A-Za-z0-9+/]{43}=)\",\"signature\":\"([A-Za-z0-9+/]{86}==)\"\\}");
    private static final int LINE_BYTES = 160;
    /** What RFC 8410 puts in front of the 32 bytes of a key. */
    private static final byte[] KEY_HEAD = HexFormat.of().parseHex("302a300506032b6570032100");

    private final JsonNode document;
    private final Map<String, PublicKey> keys = new HashMap<>();

    /** A record's object, and who says to have signed it. */
    private record Apart(byte[] payload, String key, byte[] signature) {}

    private Trust(JsonNode document) throws GeneralSecurityException {
        this.document = document;
        for (JsonNode key : document.path("keys")) {
            keys.put(key.asText(), key(key.asText()));
        }
    }

    /** That of a job's configuration; with null nobody asks for signatures. */
    static Trust read(String json) {
        try {
            return new Trust(new ObjectMapper().readTree(json));
        } catch (IOException | GeneralSecurityException unusable) {
            throw new IllegalArgumentException("the keys that a job trusts cannot be used", unusable);
        }
    }

    /** Whether the record at that offset needs a signature. */
    boolean asks(long offset) {
        return !document.isNull() && offset >= document.get("adopted").asLong();
    }

    /** How many others must approve of what somebody proposes; a document of before there was that says nothing. */
    int approvals() {
        return document.path("approvals").asInt(0);
    }

    /** By which key somebody says to have signed it; null of one without a signature. */
    String key(byte[] value) {
        return apart(value).key;
    }

    /** The record without its signature. */
    byte[] payload(byte[] value) {
        return apart(value).payload;
    }

    /** Why this is not signed by a trusted key; null where it is. */
    String problem(byte[] value) throws GeneralSecurityException {
        Apart found = apart(value);
        if (found.key == null) {
            return "it is not signed";
        }
        PublicKey key = keys.get(found.key);
        if (key == null) {
            return "it is signed by the key " + found.key + ", which is not trusted";
        }
        Signature signature = Signature.getInstance("Ed25519");
        signature.initVerify(key);
        signature.update(CONTEXT);
        signature.update(found.payload);
        return isGenuine(signature, found.signature) ? null : "its signature is not of its bytes";
    }

    /** Why a record is not meant for this job; null where it is. */
    String destinationProblem(JsonNode record) {
        if (record.path("format").asDouble() != 2) {
            return "it does not say for whom it is";
        }
        boolean isOurs = record.path("stack").asText().equals(document.get("stack").asText())
                && record.path("topic").asText().equals(document.get("topic").asText());
        return isOurs ? null : "it is for another stack or topic";
    }

    private static boolean isGenuine(Signature signature, byte[] said) {
        try {
            return signature.verify(said);
        } catch (GeneralSecurityException notOne) {
            return false; // its numbers are none of the curve
        }
    }

    private static Apart apart(byte[] value) {
        int cut = value.length - 1;
        while (cut >= Math.max(0, value.length - LINE_BYTES) && value[cut] != '\n') {
            cut--;
        }
        if (cut < Math.max(0, value.length - LINE_BYTES)) {
            return new Apart(value, null, null);
        }
        byte[] last = Arrays.copyOfRange(value, cut + 1, value.length);
        Matcher line = LINE.matcher(new String(last, StandardCharsets.ISO_8859_1));
        if (!line.matches()) {
            return new Apart(value, null, null);
        }
        return new Apart(Arrays.copyOf(value, cut), line.group(1), Base64.getDecoder().decode(line.group(2)));
    }

    private static PublicKey key(String base64) throws GeneralSecurityException {
        byte[] raw = Base64.getDecoder().decode(base64);
        byte[] encoded = Arrays.copyOf(KEY_HEAD, KEY_HEAD.length + raw.length);
        System.arraycopy(raw, 0, encoded, KEY_HEAD.length, raw.length);
        return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
    }
}
