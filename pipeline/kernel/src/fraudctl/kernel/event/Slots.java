package fraudctl.kernel.event;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which slot of an event holds which field. A plan's slots are those of the plan before and some more, so an
 * event that was read under one can be computed under the next.
 */
public final class Slots {
    private static final String AMOUNT = "amount";
    public static final String USER = "user_id";
    /** The slots of what every event has; it is not kept among the further fields. */
    static final int SLOT_AMOUNT = -2;
    static final int SLOT_EVENT_ID = -3;
    public static final int SLOT_USER_ID = -4;
    /** Of a field that nothing asks for. */
    public static final int NO_SLOT = -5;
    /** What the log says of every event and rules can ask, whatever a transaction calls its own fields. */
    private static final Map<String, Integer> BUILT_IN = Map.of("late", -6, "reused_id", -7, "delay_ms", -8);
    static final int SLOT_LATE = -6;
    static final int SLOT_REUSED = -7;
    public static final int SLOT_DELAY = -8;

    /** The fields that features can be by, beside the user; they have the first slots in every job. */
    private static final List<String> KEYS = List.of("ip", "device_id", "card_id", "merchant_id");
    /** All that features can be by. */
    public static final List<String> HOP_KEYS = List.of(USER, "ip", "device_id", "card_id", "merchant_id");

    private final Map<String, Integer> numbers;

    /** Those of the first plan; {@code before} of the plan before, or null. */
    public Slots(Slots before) {
        numbers = before == null ? new HashMap<>() : new HashMap<>(before.numbers);
        KEYS.forEach(this::slotFor);
    }

    /** The slot of a field by name, or null when nothing asks for the field. */
    Integer slot(String field) {
        return numbers.get(field);
    }

    public int count() {
        return numbers.size();
    }

    public static int builtIn(String name) {
        return BUILT_IN.get(name);
    }

    public int slotFor(String field) {
        return switch (field) {
            case AMOUNT -> SLOT_AMOUNT;
            case "event_id" -> SLOT_EVENT_ID;
            case USER -> SLOT_USER_ID;
            default -> numbers.computeIfAbsent(field, ignored -> numbers.size());
        };
    }

    /** The value of the key in the event, or null when the event has none. */
    public static String key(String field, Event event) {
        return field.equals(USER) ? event.userId : (String) event.slots[KEYS.indexOf(field)];
    }
}
