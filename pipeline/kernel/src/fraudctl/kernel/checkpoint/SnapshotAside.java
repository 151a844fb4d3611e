package fraudctl.kernel.checkpoint;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;

/** A snapshot that is being taken, for Flink: to run it is to wait until it has been, and to carry it away. */
final class SnapshotAside implements RunnableFuture<SnapshotResult<KeyedStateHandle>> {
    private final CompletableFuture<RunnableFuture<SnapshotResult<KeyedStateHandle>>> taken;

    SnapshotAside(CompletableFuture<RunnableFuture<SnapshotResult<KeyedStateHandle>>> taken) {
        this.taken = taken;
    }

    /** What carries it away, once it has been taken; null where that failed. */
    private RunnableFuture<SnapshotResult<KeyedStateHandle>> rest() {
        return taken.exceptionally(thrown -> null).join();
    }

    @Override
    public void run() {
        RunnableFuture<SnapshotResult<KeyedStateHandle>> rest = rest();
        if (rest != null) {
            rest.run();
        }
    }

    /** Waits until it has been taken, so that its files are known and go away. */
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
        RunnableFuture<SnapshotResult<KeyedStateHandle>> rest = rest();
        return rest != null && rest.cancel(mayInterruptIfRunning);
    }

    @Override
    public boolean isCancelled() {
        return taken.isDone() && !taken.isCompletedExceptionally() && taken.join().isCancelled();
    }

    @Override
    public boolean isDone() {
        return taken.isCompletedExceptionally() || taken.isDone() && taken.join().isDone();
    }

    @Override
    public SnapshotResult<KeyedStateHandle> get() throws InterruptedException, ExecutionException {
        return taken.get().get();
    }

    @Override
    public SnapshotResult<KeyedStateHandle> get(long timeout, TimeUnit unit)
            throws InterruptedException, ExecutionException, TimeoutException {
        return taken.get(timeout, unit).get(timeout, unit);
    }
}
