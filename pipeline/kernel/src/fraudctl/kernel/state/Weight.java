package fraudctl.kernel.state;

/**
 * What objects take in the heap, in bytes, with pointers of four bytes (a heap below 32 GB) and sizes in steps
 * of eight. The test of the cache compares sums of these with the heap after a collection.
 */
final class Weight {
    static final int OBJECT = 16;
    static final int ARRAY = 16;
    static final int POINTER = 4;
    /** Of a HashMap with a node, its place in the table and nothing else. */
    static final int HASH_NODE = 32 + 2 * POINTER;

    private Weight() {}

    /** A text of one byte a character, as nearly all are. */
    static int of(String text) {
        return text == null ? 0 : 24 + ARRAY + (text.length() + 7 & ~7);
    }
}
