package fraudctl.kernel.plan;

import fraudctl.kernel.wire.Json;

/** One feature; durations are 0 where they do not apply. */
public final class Feature implements Cloneable {
    /** Of numbers and truth values that are kept as texts. */
    public enum Kind { MONEY, INTEGER, NUMBER, TRUTH }

    public String name;
    /** The name as a key in JSON, colon included: it is written with every event. */
    public String jsonKey;
    public int index;
    public Aggregate aggregate;
    /** The kind of what it is of, where that is neither a text nor the amount of a sum; null there. */
    public Kind ofKind;
    /** Position in {@link Hop#columns} where it reads one; slot of the field for first_seen and previous. */
    public int column = -1;
    public int ofSlot = -1;
    int condition = -1;
    public long windowMs;
    public long sessionGapMs;
    public long ttlMs;
    /** How far back its rule set looks by this key. */
    public long retentionMs;
    /** The state holds all that it looks at if it looks back no further than this. */
    public long completeAfterMs = Plan.ALWAYS;
    public int[] steps;
    /** Position among the first_seen (or previous) features of its hop: where its record lies. */
    public int record = -1;
    /** Index in {@link Hop#totals}, or -1 where none apply. */
    public int totals = -1;

    public long mask() {
        return condition < 0 ? 0 : 1L << condition;
    }

    /** Whether the event itself stays out of the aggregate. */
    public boolean isBefore() {
        return aggregate == Aggregate.MEAN_BEFORE || aggregate == Aggregate.STDDEV_BEFORE;
    }

    /** How far back from an event's position it looks at most. */
    public long reachMs() {
        return sessionGapMs > 0 ? Plan.SESSION_RETENTION_MS : windowMs;
    }

    public boolean hasRecord() {
        return aggregate == Aggregate.FIRST_SEEN || aggregate == Aggregate.PREVIOUS;
    }

    void setName(String given) {
        name = given;
        StringBuilder key = new StringBuilder();
        Json.appendString(key, given);
        jsonKey = key.append(':').toString();
    }

    /** The same value under another name. */
    Feature named(String other) {
        try {
            Feature copy = (Feature) clone();
            copy.setName(other);
            return copy;
        } catch (CloneNotSupportedException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Whether its values are money. */
    public boolean ofMoney() {
        return switch (aggregate) {
            case SUM, MIN, MAX -> ofKind == null || ofKind == Kind.MONEY;
            case PREVIOUS -> ofKind == Kind.MONEY;
            default -> false;
        };
    }
}
