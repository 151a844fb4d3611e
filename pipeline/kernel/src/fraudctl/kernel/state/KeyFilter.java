package fraudctl.kernel.state;

/**
 * Which keys may have been written to a store that was empty at first: a Bloom filter whose three bits of a key
 * lie in one word. With a million keys it is wrong once in 500 times, with ten million once in five.
 */
final class KeyFilter {
    private static final int WORD_BITS = 19;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long[] words = new long[1 << WORD_BITS];

    void add(String key) {
        long hash = hash(key);
        words[word(hash)] |= bits(hash);
    }

    /** False only for a key that was never added. */
    boolean mayHold(String key) {
        long hash = hash(key);
        return (words[word(hash)] & bits(hash)) == bits(hash);
    }

    /** The mixing step of SplitMix64 (Steele, Lea, Flood, 2014), since the hashes of similar keys are similar. */
    private static long hash(String key) {
        long hash = key.hashCode() * GOLDEN;
        hash = (hash ^ hash >>> 30) * 0xBF58476D1CE4E5B9L;
        hash = (hash ^ hash >>> 27) * 0x94D049BB133111EBL;
        return hash ^ hash >>> 31;
    }

    private static int word(long hash) {
        return (int) (hash >>> Long.SIZE - WORD_BITS);
    }

    private static long bits(long hash) {
        return 1L << hash | 1L << (hash >> 6) | 1L << (hash >> 12);
    }
}
