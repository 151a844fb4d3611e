package fraudctl.kernel.plan;

/** The totals over one window or session with one condition and, for distinct, one column. */
public final class Totals {
    public final long mask;
    public final long windowMs;
    public final long sessionGapMs;
    public final int column;
    public boolean needsSquares;

    Totals(long mask, long windowMs, long sessionGapMs, int column) {
        this.mask = mask;
        this.windowMs = windowMs;
        this.sessionGapMs = sessionGapMs;
        this.column = column;
    }

    boolean covers(Totals other) {
        return mask == other.mask && windowMs == other.windowMs && sessionGapMs == other.sessionGapMs
                && (other.column < 0 || column == other.column);
    }
}
