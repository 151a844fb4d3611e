package fraudctl.kernel;

import fraudctl.kernel.checkpoint.Aside;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.hop.Features;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.StateCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RunnableFuture;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SnapshotResult;

/**
 * What the cache of key states does while a snapshot is being taken, and what becomes of one that fails or is
 * cancelled: {@code WritesAside PLAN KEYS}. One line of JSON: how many keys the store held when the snapshot was
 * begun, when each key had got another event, when it had been taken, and after the flush; whether a {@code failed}
 * one was told, and whether what a {@code cancelled} one had left to do was.
 */
public final class WritesAside {
    private final Aside snapshots = new Aside();
    private final Stored store = new Stored();
    private final Plan plan;
    private final Features features;
    private final StateCache cache;
    private int number;

    private WritesAside(String plan) {
        this.plan = Plan.parse(plan);
        Hop hop = this.plan.hops.get(0);
        features = new Features(hop, this.plan.maxEntries);
        CacheBudget budget = new CacheBudget(CacheBudget.SHARE_OF_HEAP);
        cache = new StateCache(hop, store, false, false, () -> false, budget, StateCache.RECENT_KEYS);
    }

    public static void main(String[] arguments) throws Exception {
        WritesAside trial = new WritesAside(Files.readString(Path.of(arguments[0])));
        System.out.printf("{\"writes\":[%s],\"failed\":%b,\"cancelled\":%b}%n",
                trial.writes(Integer.parseInt(arguments[1])), trial.isFailureTold(), trial.isCancelledToo());
    }

    private String writes(int keys) throws Exception {
        cache.flush();
        CountDownLatch isWritten = new CountDownLatch(1);
        int begun = store.blobs.size();
        RunnableFuture<SnapshotResult<KeyedStateHandle>> snapshot = snapshots.begin(() -> {
            isWritten.await();
            return done();
        });
        events(0, keys);
        int meanwhile = store.blobs.size();
        isWritten.countDown();
        snapshots.await();
        snapshot.run();
        snapshot.get();
        events(keys, 2 * keys);
        int taken = store.blobs.size();
        cache.flush();
        return begun + "," + meanwhile + "," + (taken > keys) + "," + store.blobs.size();
    }

    private void events(int from, int to) throws IOException {
        for (int key = from; key < to; key++) {
            Event event = new Event();
            event.userId = "user-" + key;
            event.eventId = "e" + number;
            event.pos = ++number;
            event.due = event.pos;
            event.slots = new Object[plan.slots.count()];
            event.features = new Object[plan.valueCount];
            features.process(event, cache.get(event.userId));
            cache.changed();
        }
    }

    private boolean isFailureTold() throws InterruptedException {
        RunnableFuture<SnapshotResult<KeyedStateHandle>> snapshot = snapshots.begin(() -> {
            throw new IOException("no room");
        });
        snapshots.await();
        snapshot.run();
        try {
            snapshot.get();
            return false;
        } catch (ExecutionException told) {
            return snapshot.isDone() && !snapshot.cancel(true) && told.getCause().getMessage().equals("no room");
        }
    }

    private boolean isCancelledToo() {
        FutureTask<SnapshotResult<KeyedStateHandle>> rest = done();
        RunnableFuture<SnapshotResult<KeyedStateHandle>> snapshot = snapshots.begin(() -> rest);
        return snapshot.cancel(true) && snapshot.isCancelled() && rest.isCancelled();
    }

    private static FutureTask<SnapshotResult<KeyedStateHandle>> done() {
        return new FutureTask<>(SnapshotResult::empty);
    }

    /** Takes no write while it is busy. */
    private final class Stored extends Offline.MemoryStore {
        @Override
        public boolean isBusy() {
            return snapshots.isTaking();
        }

        @Override
        public void putBlob(byte[] bytes) {
            if (isBusy()) {
                throw new IllegalStateException("written during a snapshot");
            }
            super.putBlob(bytes);
        }

        @Override
        public void put(long piece, byte[] bytes) {
            throw new IllegalStateException("no list is that long");
        }
    }
}
