package fraudctl.kernel.checkpoint;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RunnableFuture;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.checkpoint.SavepointType;
import org.apache.flink.runtime.checkpoint.SnapshotType;
import org.apache.flink.runtime.state.AbstractKeyedStateBackend;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;

/**
 * Takes the snapshots of an operator's keyed state beside its thread. For one, RocksDB writes out what it has in
 * memory, waits for the disk again and again and links each of its files: tens of milliseconds a hop, for which
 * no event would be scored.
 *
 * <p>A snapshot is of what the backend held when it was begun, since nothing is written there until it has been
 * taken. Whoever writes asks {@link #isTaking} and leaves it for later, or waits; reading goes on meanwhile.
 *
 * <p>For the thread of the task alone. What a snapshot fails by is told to who waits for its future.
 */
public final class Aside {
    private static final String ROCKSDB = "rocksdb";

    private CompletableFuture<RunnableFuture<SnapshotResult<KeyedStateHandle>>> taken =
            CompletableFuture.completedFuture(null);

    /**
     * Whether a snapshot of that kind can be taken so: RocksDB can be read by one thread while another takes a
     * snapshot of it, a backend or timers in the heap cannot. A savepoint in Flink's own form holds up nobody as it is.
     */
    public static boolean canTake(KeyedStateBackend<?> backend, SnapshotType kind) {
        boolean isCanonical =
                kind instanceof SavepointType savepoint && savepoint.getFormatType() == SavepointFormatType.CANONICAL;
        return !isCanonical && ROCKSDB.equals(backend.getBackendTypeIdentifier())
                && backend instanceof AbstractKeyedStateBackend<?> held
                && !held.requiresLegacySynchronousTimerSnapshots(kind);
    }

    /**
     * Has a snapshot taken; the one before has been.
     *
     * @param snapshot what the backend does in the operator's thread otherwise, and what is left to do after it
     */
    public RunnableFuture<SnapshotResult<KeyedStateHandle>> begin(
            Callable<RunnableFuture<SnapshotResult<KeyedStateHandle>>> snapshot) {
        CompletableFuture<RunnableFuture<SnapshotResult<KeyedStateHandle>>> begun = new CompletableFuture<>();
        Thread thread = new Thread(() -> take(snapshot, begun), "fraudctl-snapshot");
        thread.setDaemon(true);
        thread.start();
        taken = begun;
        return new SnapshotAside(begun);
    }

    private static <T> void take(Callable<T> snapshot, CompletableFuture<T> begun) {
        try {
            begun.complete(snapshot.call());
        } catch (Throwable thrown) {
            begun.completeExceptionally(thrown);
        }
    }

    /** Whether a snapshot is being taken, so that nothing may be written. */
    public boolean isTaking() {
        return !taken.isDone();
    }

    /** Returns once everything may be written; also where the task is being cancelled. */
    public void await() {
        if (isTaking()) {
            taken.exceptionally(thrown -> null).join();
        }
    }
}
