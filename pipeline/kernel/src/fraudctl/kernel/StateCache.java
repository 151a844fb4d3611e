package fraudctl.kernel;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.ValueState;

/**
 * The states of recently used keys, written back to RocksDB late. Reading an absent key and writing a
 * cold one are the largest cost of a hop, and a hot key would be written once per event without this.
 *
 * <p>How many entries may be newer than the backend depends on the load: few when it is low, so that a
 * checkpoint does not stall the stream, many when throughput is what counts.
 */
final class StateCache {
    /** Kept low while events come slowly, so that a checkpoint finds little to write and delays nobody. */
    private static final int MOST_DIRTY_AT_EASE = 500;
    /** Kept high under load, so that a key is written once for several events; costs one pause a checkpoint. */
    private static final int MOST_DIRTY_UNDER_LOAD = 100_000;
    /** Changes a second from which the load counts as high. */
    private static final int LOAD_PER_SECOND = 12_000;
    private static final int CHANGES_PER_LOOK = 4_096;
    /** A source that had nothing more fewer times than this between two looks is behind, however slow the machine. */
    private static final int FEW_DRAINS = 3;

    private final CacheBudget budget = new CacheBudget();
    private boolean isUsed;
    private Plan.Hop hop;
    private final ValueState<byte[]> stored;
    private final Chunks.Store chunks;
    private final StateCodec codec;
    private final KeyContext context;
    /** Eldest first; one that was used since it was looked at last gets a second chance. */
    private final LinkedHashMap<String, KeyState> states = new LinkedHashMap<>(1024);
    private final ArrayDeque<KeyState> dirty = new ArrayDeque<>();
    private long bytes;
    private int mostDirty = MOST_DIRTY_AT_EASE;
    private int changes;
    private long lookedNanos = System.nanoTime();
    /** The source's, where it runs in this thread. */
    private final Flow flow = Flow.ofThisTask();
    private long drainsAtLook;

    /** Makes a key the one that the backend reads and writes. */
    interface KeyContext {
        void use(String key);
    }

    StateCache(Plan.Hop hop, ValueState<byte[]> stored, MapState<Long, byte[]> chunks, KeyContext context) {
        this.hop = hop;
        this.stored = stored;
        this.chunks = new StoredChunks(chunks);
        this.codec = new StateCodec();
        this.context = context;
    }

    /** From now on states are of that plan; each is brought to it when it is next asked for. */
    void use(Plan.Hop next) {
        hop = next;
    }

    /** The state of a key, an empty one when there is none yet. */
    KeyState get(String key) throws IOException {
        KeyState state = states.get(key);
        if (state == null) {
            context.use(key);
            byte[] blob = stored.value();
            state = blob == null ? new KeyState(hop) : codec.decode(blob, chunks);
            state.adopt(hop);
            state.key = key;
            state.isUsed = true;
            states.put(key, state);
            count(state);
            shrink();
        }
        state.isUsed = true;
        if (state.hop() != hop) {
            state.adopt(hop);
            count(state);
        }
        return state;
    }

    /** The state of the key has changed. */
    void changed(KeyState state) throws IOException {
        count(state);
        if (!state.dirty) {
            state.dirty = true;
            dirty.addLast(state);
        }
        for (int writes = 0; writes < 2 && dirty.size() > mostDirty; writes++) {
            writeOldest();
        }
        if (++changes == CHANGES_PER_LOOK) {
            adaptToLoad();
        }
    }

    private void count(KeyState state) {
        int weight = state.weight();
        bytes += weight - state.counted;
        state.counted = weight;
    }

    /** How late to write is a matter of speed alone; what is computed does not depend on it. */
    private void adaptToLoad() {
        long now = System.nanoTime();
        double perSecond = changes * 1e9 / Math.max(1, now - lookedNanos);
        boolean isBehind = !flow.partitions().isEmpty() && flow.drains() - drainsAtLook < FEW_DRAINS;
        mostDirty = perSecond > LOAD_PER_SECOND || isBehind ? MOST_DIRTY_UNDER_LOAD : MOST_DIRTY_AT_EASE;
        changes = 0;
        lookedNanos = now;
        drainsAtLook = flow.drains();
    }

    /** Forgets a key altogether. */
    void clear(String key) throws IOException {
        KeyState state = get(key);
        states.remove(key);
        bytes -= state.counted;
        state.dirty = false;
        context.use(key);
        StateCodec.removeChunks(state, chunks);
        stored.clear();
    }

    /** An event has come. Until the second flush after the last one the cache counts as at work. */
    void atWork() {
        isUsed = true;
        budget.atWork(true);
    }

    /** Brings the backend up to date; without events since the flush before, leaves the memory to others. */
    void flush() throws IOException {
        while (!dirty.isEmpty()) {
            writeOldest();
        }
        if (!isUsed) {
            drop();
        }
        isUsed = false;
    }

    /** Forgets what it holds, written or not. */
    void drop() {
        states.clear();
        dirty.clear();
        bytes = 0;
        budget.atWork(false);
    }

    private void writeOldest() throws IOException {
        KeyState state = dirty.pollFirst();
        if (state.dirty) {
            write(state);
        }
    }

    private void write(KeyState state) throws IOException {
        context.use(state.key);
        stored.update(codec.encode(state, chunks));
        state.dirty = false;
    }

    private void shrink() throws IOException {
        while (bytes > budget.bytes() && states.size() > 1) {
            Map.Entry<String, KeyState> eldest = states.entrySet().iterator().next();
            KeyState state = eldest.getValue();
            states.remove(eldest.getKey());
            if (state.isUsed) {
                state.isUsed = false;
                states.put(state.key, state);
                continue;
            }
            if (state.dirty) {
                write(state);
            }
            bytes -= state.counted;
            state.release();
        }
    }

    private record StoredChunks(MapState<Long, byte[]> state) implements Chunks.Store {
        @Override
        public byte[] get(long piece) throws IOException {
            return attempt(() -> state.get(piece));
        }

        @Override
        public void put(long piece, byte[] bytes) throws IOException {
            attempt(() -> {
                state.put(piece, bytes);
                return null;
            });
        }

        @Override
        public void remove(long piece) throws IOException {
            attempt(() -> {
                state.remove(piece);
                return null;
            });
        }

        /** MapState declares any exception where ValueState declares IOException. */
        private static <T> T attempt(Callable<T> action) throws IOException {
            try {
                return action.call();
            } catch (IOException | RuntimeException thrown) {
                throw thrown;
            } catch (Exception thrown) {
                throw new IOException(thrown);
            }
        }
    }
}
