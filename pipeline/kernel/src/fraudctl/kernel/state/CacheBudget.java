package fraudctl.kernel.state;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the caches of key states may hold, all jobs of a TaskManager together: were it a share for each job,
 * a replay beside the live job would double what lives in the heap, and a full collection could outlast the
 * heartbeat. Caches at work share it evenly. The class is loaded once per TaskManager, as it lies on the
 * cluster's own class path.
 */
public final class CacheBudget {
    public static final double SHARE_OF_HEAP = 0.28;
    private static final long HEAP_BYTES = Runtime.getRuntime().maxMemory();
    private static final AtomicInteger AT_WORK = new AtomicInteger();

    private final double shareOfHeap;
    private boolean isAtWork;

    /** Of the share that all caches have together; {@link #SHARE_OF_HEAP}, or less in a test. */
    public CacheBudget(double shareOfHeap) {
        this.shareOfHeap = shareOfHeap;
    }

    /** The cache whose budget this is has work to do, or none. */
    public void atWork(boolean isAtWork) {
        if (this.isAtWork != isAtWork) {
            this.isAtWork = isAtWork;
            AT_WORK.addAndGet(isAtWork ? 1 : -1);
        }
    }

    /** What the cache may hold at this moment. */
    public long bytes() {
        return (long) (HEAP_BYTES * shareOfHeap / Math.max(1, AT_WORK.get()));
    }
}
