package fraudctl.kernel.source;

/**
 * When the reader of a topic rests. The answer to a read was asked for at the end of the read before it, so the first
 * read after a rest brings what the broker had when the rest began, which is little, and the next one all that came
 * meanwhile: of two reads that bring little, one rests.
 */
final class Pace {
    /** Who has read more than this in one go has no time to rest. */
    private static final long MUCH_BYTES = 32_768;

    private boolean rests;

    /** Whether to rest before the next read. */
    boolean restsAfter(long bytes) {
        rests = !rests && bytes > 0 && bytes < MUCH_BYTES;
        return rests;
    }
}
