package fraudctl.kernel.state;

/** A key whose state is an object in the cache; without a state it has been packed or let go. */
final class Held {
    /** This object, its entry in the map, and its places in the map's table and the queues. */
    private static final int OVERHEAD = 112;

    final String key;
    KeyState state;
    /** Newer here than in the backend. */
    boolean isDirty;
    boolean isUsed;
    /** Whether it came more than once. */
    boolean isKnown;
    boolean isLong;
    int counted;

    Held(String key, KeyState state) {
        this.key = key;
        this.state = state;
    }

    int weight() {
        return OVERHEAD + Weight.of(key) + state.weight();
    }
}
