package fraudctl.kernel.order;

import fraudctl.kernel.event.Event;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * Holds back the events of users who were forgotten after these events: they have been in the windows of others,
 * and get no decision again. {@code pipeline/records/forgotten.py} has the form of what it is told, and the hash.
 */
public final class Forgotten implements FilterFunction<Event> {
    private static final long serialVersionUID = 1L;
    private static final int REMEMBERED = 100_000;
    private static final String HASH = "HmacSHA256";

    private final ArrayList<byte[]> salts = new ArrayList<>();
    /** By the hash of the user: partition to the offset from which on events are not covered. */
    private final HashMap<String, HashMap<Integer, Long>> users = new HashMap<>();
    private transient HashMap<String, ArrayList<HashMap<Integer, Long>>> known;

    /** @param told {@code salts} in hex, and {@code users}: hash to partition to offset */
    public Forgotten(JsonNode told) {
        told.get("salts").forEach(salt -> salts.add(HexFormat.of().parseHex(salt.asText())));
        told.get("users").properties().forEach(user -> {
            HashMap<Integer, Long> until = new HashMap<>();
            user.getValue().properties().forEach(
                    at -> until.put(Integer.valueOf(at.getKey()), at.getValue().asLong()));
            users.put(user.getKey(), until);
        });
    }

    @Override
    public boolean filter(Event event) throws GeneralSecurityException {
        for (HashMap<Integer, Long> until : erasures(event.userId)) {
            if (event.offset < until.getOrDefault(event.partition, 0L)) {
                return false;
            }
        }
        return true;
    }

    private ArrayList<HashMap<Integer, Long>> erasures(String userId) throws GeneralSecurityException {
        if (known == null || known.size() >= REMEMBERED) {
            known = new HashMap<>();
        }
        ArrayList<HashMap<Integer, Long>> found = known.get(userId);
        if (found == null) {
            found = lookUp(userId.getBytes(StandardCharsets.UTF_8));
            known.put(userId, found);
        }
        return found;
    }

    private ArrayList<HashMap<Integer, Long>> lookUp(byte[] userId) throws GeneralSecurityException {
        ArrayList<HashMap<Integer, Long>> found = new ArrayList<>();
        Mac mac = Mac.getInstance(HASH);
        for (byte[] salt : salts) {
            mac.init(new SecretKeySpec(salt, HASH));
            HashMap<Integer, Long> until = users.get(HexFormat.of().formatHex(mac.doFinal(userId)));
            if (until != null) {
                found.add(until);
            }
        }
        return found;
    }
}
