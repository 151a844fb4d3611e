package fraudctl.kernel.event;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;

/**
 * One accepted transaction on its way through the hops, with its place in the log and its features.
 *
 * <p>Slots and features hold {@code String}, {@code Long} (amount units, counts, ages), {@code Double},
 * {@code Boolean}, {@link Written} (a number as the producer wrote it) or null for absent.
 */
public final class Event implements Comparable<Event> {
    /** A numeric field: its text as written, carried into the decision unchanged, and its value. */
    public record Written(String text, double value) {
        @Override
        public String toString() {
            return text;
        }
    }

    /** Of an event that waited in a savepoint of a kernel that did not keep its append time. */
    public static final long UNKNOWN = Long.MIN_VALUE;

    public int partition;
    public long offset;
    /** When the broker took it in. */
    public long appendMs;
    /** Event time, never ahead of the append time. */
    public long pos;
    /** The moment of the log at which the event is processed; see {@code PartitionClock}. */
    public long due;
    /** Its append time less its event time; {@link #UNKNOWN} where append times say nothing. */
    public long delayMs = UNKNOWN;
    public String eventId;
    public String userId;
    public long amountUnits;
    /** The {@link ContentHash} of the transaction, {@link ContentHash#UNKNOWN} from a kernel that had none. */
    public long content;
    /** Another event of the user had this id within the dedup window, with other content. */
    public boolean reused;
    /** The transaction as canonical JSON without the closing brace. */
    public String json;
    public Object[] slots;
    /** Its own time; known where it was decoded, which is where values are made of it. */
    long timeMs;
    /** By slot, what is still to be made when somebody asks; null where nothing is. */
    Derived[] derived;
    /** Name and value, by turns, of the keys beside {@link Slots#HOP_KEYS} that it has; null when it has none. */
    String[] keys;
    /** Null until the first hop, which knows by the due which plan computes them. */
    public Object[] features;
    public boolean saturated;
    public boolean shadowSaturated;
    /** Indices of the features for which the state does not hold enough yet; null when there are none. */
    public BitSet warming;
    /** Which sorted run of its receiver's buffer it belongs to. */
    public int lane;

    public boolean late() {
        return due > pos;
    }

    /** The feature looks back further than the state holds. */
    public void warms(int feature) {
        if (warming == null) {
            warming = new BitSet();
        }
        warming.set(feature);
    }

    /** The value that a slot number of the plan stands for. */
    public Object value(int slot) {
        return switch (slot) {
            case Slots.SLOT_AMOUNT -> amountUnits;
            case Slots.SLOT_EVENT_ID -> eventId;
            case Slots.SLOT_USER_ID -> userId;
            case Slots.SLOT_LATE -> late();
            case Slots.SLOT_REUSED -> reused;
            case Slots.SLOT_DELAY -> delayMs == UNKNOWN ? null : (Object) delayMs;
            default -> {
                Object held = slots[slot];
                yield held == null && derived != null ? made(slot) : held;
            }
        };
    }

    private Object made(int slot) {
        Derived one = slot < derived.length ? derived[slot] : null;
        return one == null ? null : one.of(this);
    }

    /** Makes what is still to be made, for it is about to leave the process that decoded it. */
    void settle() {
        for (int slot = 0; derived != null && slot < derived.length; slot++) {
            if (derived[slot] != null) {
                slots[slot] = derived[slot].of(this);
            }
        }
        derived = null;
    }

    /** The value of a key beside {@link Slots#HOP_KEYS}, or null. */
    public String key(String name) {
        for (int i = 0; keys != null && i < keys.length; i += 2) {
            if (keys[i].equals(name)) {
                return keys[i + 1];
            }
        }
        return null;
    }

    /** The text by which distinct, first_seen and previous tell values apart, or null when absent. */
    public String text(int slot) {
        Object value = value(slot);
        return value == null ? null : value.toString();
    }

    /** The one order of processing: (due, pos, append time, partition, offset). No text has a say in it. */
    @Override
    public int compareTo(Event other) {
        if (due != other.due) {
            return Long.compare(due, other.due);
        }
        if (pos != other.pos) {
            return Long.compare(pos, other.pos);
        }
        if (appendMs != other.appendMs) {
            return Long.compare(appendMs, other.appendMs);
        }
        return partition != other.partition
                ? Integer.compare(partition, other.partition) : Long.compare(offset, other.offset);
    }

    /** Compares as unsigned UTF-8 bytes, which is code point order; UTF-16 order differs beyond the BMP. */
    public static int compareUtf8(String left, String right) {
        int shorter = Math.min(left.length(), right.length());
        for (int i = 0; i < shorter; i++) {
            char a = left.charAt(i);
            char b = right.charAt(i);
            if (a != b) {
                return Character.isSurrogate(a) || Character.isSurrogate(b)
                        ? Arrays.compareUnsigned(
                                left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8))
                        : Character.compare(a, b);
            }
        }
        return Integer.compare(left.length(), right.length());
    }
}
