package fraudctl.kernel.event;

import fraudctl.kernel.wire.Ids;
import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Refusal;
import java.util.Set;

/** What the name of a transaction's field says of its values: worked out once a name, not once an event. */
final class Field {
    /** What is accepted as the value. */
    enum Type { EVENT_ID, USER_ID, EVENT_TIME, AMOUNT, STRING, NUMBER, ANY }

    /** Labels must not reach a scorer; the others are names that a decision gives its own values. */
    private static final Set<String> RESERVED = Set.of("label", "label_time", "scenario",
            "source", "features", "late", "saturated", "score", "decision", "reasons",
            "ruleset_version", "ruleset_hash", "plugin_errors", "warming", "reused_id", "content_hash");
    private static final Set<String> STRINGS =
            Set.of("currency", "ip", "device_id", "card_id", "merchant_id", "country", "channel");
    private static final Set<String> NUMBERS = Set.of("lat", "lon");

    final String name;
    final Type type;
    final boolean isAddress;
    final boolean isCode;
    final boolean isId;
    /** Where events keep the value, or {@link Slots#NO_SLOT} when nothing asks for it. */
    final int slot;
    /** The key in canonical JSON, with the comma before it and the colon behind. */
    final String jsonKey;
    /** Why no transaction may have a field of this name; null when it may. */
    final Refusal refusal;
    /** Number of the last record that had it; tells a field that comes twice. */
    long lastRecord;

    Field(String name, Slots slots) {
        this.name = name;
        this.type = type(name);
        this.isAddress = name.equals("ip");
        this.isCode = name.equals("currency") || name.equals("country");
        this.isId = Ids.isId(name);
        Integer place = slots.slot(name);
        this.slot = place == null ? Slots.NO_SLOT : place;
        StringBuilder key = new StringBuilder(",");
        Json.appendString(key, name);
        this.jsonKey = key.append(':').toString();
        this.refusal = refusal(name);
    }

    private static Type type(String name) {
        return switch (name) {
            case "event_id" -> Type.EVENT_ID;
            case "user_id" -> Type.USER_ID;
            case "event_time" -> Type.EVENT_TIME;
            case "amount" -> Type.AMOUNT;
            default -> STRINGS.contains(name) ? Type.STRING : NUMBERS.contains(name) ? Type.NUMBER : Type.ANY;
        };
    }

    private static Refusal refusal(String name) {
        if (!isClean(name)) {
            return new Refusal("bad_string", shown(name));
        }
        return RESERVED.contains(name) ? new Refusal("reserved_field", name) : null;
    }

    /** Whether every store can keep the text: no NUL, no half of a surrogate pair. */
    static boolean isClean(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                return false;
            }
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    /** As much of a name as belongs into a message. */
    static String shown(String name) {
        return name.substring(0, Math.min(100, name.length())).replace("\0", "\\x00");
    }
}
