package fraudctl.kernel.event;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

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
    /** What is made of fields, by slot. */
    private final Map<Integer, Derived> derived;
    /** Keys beside {@link #HOP_KEYS} by name, with the slots of their parts. */
    private final Map<String, int[]> otherKeys;

    /** Those of the first plan; {@code before} of the plan before, or null. */
    public Slots(Slots before) {
        numbers = before == null ? new HashMap<>() : new HashMap<>(before.numbers);
        derived = before == null ? new HashMap<>() : new HashMap<>(before.derived);
        otherKeys = before == null ? new LinkedHashMap<>() : new LinkedHashMap<>(before.otherKeys);
        KEYS.forEach(this::slotFor);
    }

    /** The slot of a field by name, or null when nothing asks for a field of that name. */
    Integer slot(String field) {
        Integer slot = numbers.get(field);
        return slot == null || derived.containsKey(slot) ? null : slot;
    }

    /** A value that is made of fields has a slot under its name from now on. */
    public void derive(JsonNode definition) {
        String name = definition.get("name").asText();
        if (!numbers.containsKey(name) || !derived.containsKey(numbers.get(name))) {
            Derived made = Derived.compile(definition, this);
            derived.put(slotFor(name), made);
        }
    }

    /** What is made of fields, by slot; null where nothing is. */
    Derived[] derived() {
        if (derived.isEmpty()) {
            return null;
        }
        Derived[] made = new Derived[count()];
        derived.forEach((slot, one) -> made[slot] = one);
        return made;
    }

    /** Events know a key beside {@link #HOP_KEYS} from now on: a field, a value, or several joined by +. */
    public void addKey(String name) {
        if (!HOP_KEYS.contains(name) && !otherKeys.containsKey(name)) {
            otherKeys.put(name, Arrays.stream(name.split("\\+")).mapToInt(this::slotFor).toArray());
        }
    }

    /** Gives the event the keys that it has. */
    void fillKeys(Event event) {
        if (otherKeys.isEmpty()) {
            return;
        }
        List<String> found = new ArrayList<>();
        otherKeys.forEach((name, parts) -> {
            String value = joined(event, parts);
            if (value != null) {
                found.add(name);
                found.add(value);
            }
        });
        event.keys = found.isEmpty() ? null : found.toArray(new String[0]);
    }

    /** The texts of the parts, between them NUL, which none holds; null where one is absent. */
    private static String joined(Event event, int[] parts) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < parts.length; i++) {
            String text = event.text(parts[i]);
            if (text == null) {
                return null;
            }
            out.append(i == 0 ? "" : "\0").append(text);
        }
        return out.toString();
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
        if (field.equals(USER)) {
            return event.userId;
        }
        int slot = KEYS.indexOf(field);
        return slot < 0 ? event.key(field) : (String) event.slots[slot];
    }
}
