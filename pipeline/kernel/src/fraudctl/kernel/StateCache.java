package fraudctl.kernel;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
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
    private static final int MOST_DIRTY_UNDER_LOAD = 50_000;
    /** Changes a second from which the load counts as high. */
    private static final int LOAD_PER_SECOND = 12_000;
    private static final int CHANGES_PER_LOOK = 4_096;

    private final long capacityBytes;
    private final Plan.Hop hop;
    private final ValueState<byte[]> stored;
    private final KeyContext context;
    private final LinkedHashMap<String, KeyState> states = new LinkedHashMap<>(1024, 0.75f, true);
    private final ArrayDeque<String> dirty = new ArrayDeque<>();
    private long bytes;
    private int mostDirty = MOST_DIRTY_AT_EASE;
    private int changes;
    private long lookedNanos = System.nanoTime();

    /** Makes a key the one that the backend reads and writes. */
    interface KeyContext {
        void use(String key);
    }

    StateCache(Plan.Hop hop, ValueState<byte[]> stored, KeyContext context, long capacityBytes) {
        this.hop = hop;
        this.stored = stored;
        this.context = context;
        this.capacityBytes = capacityBytes;
    }

    /** The state of a key, an empty one when there is none yet. */
    KeyState get(String key) throws IOException {
        KeyState state = states.get(key);
        if (state == null) {
            context.use(key);
            byte[] blob = stored.value();
            state = blob == null ? new KeyState(hop) : StateCodec.decode(blob, hop);
            states.put(key, state);
            bytes += state.weight();
            shrink();
        }
        return state;
    }

    /** The state of the key has changed. */
    void changed(String key, KeyState state, int weightBefore) throws IOException {
        bytes += state.weight() - weightBefore;
        if (!state.dirty) {
            state.dirty = true;
            dirty.addLast(key);
        }
        for (int writes = 0; writes < 2 && dirty.size() > mostDirty; writes++) {
            writeOldest();
        }
        if (++changes == CHANGES_PER_LOOK) {
            adaptToLoad();
        }
    }

    /** How late to write is a matter of speed alone; what is computed does not depend on it. */
    private void adaptToLoad() {
        long now = System.nanoTime();
        double perSecond = changes * 1e9 / Math.max(1, now - lookedNanos);
        mostDirty = perSecond > LOAD_PER_SECOND ? MOST_DIRTY_UNDER_LOAD : MOST_DIRTY_AT_EASE;
        changes = 0;
        lookedNanos = now;
    }

    /** Forgets a key altogether. */
    void clear(String key) {
        KeyState state = states.remove(key);
        if (state != null) {
            bytes -= state.weight();
            state.dirty = false;
        }
        context.use(key);
        stored.clear();
    }

    /** Brings the backend up to date. */
    void flush() throws IOException {
        while (!dirty.isEmpty()) {
            writeOldest();
        }
    }

    private void writeOldest() throws IOException {
        String key = dirty.pollFirst();
        KeyState state = states.get(key);
        if (state != null && state.dirty) {
            write(key, state);
        }
    }

    private void write(String key, KeyState state) throws IOException {
        context.use(key);
        stored.update(StateCodec.encode(state));
        state.dirty = false;
    }

    private void shrink() throws IOException {
        Iterator<Map.Entry<String, KeyState>> eldest = states.entrySet().iterator();
        while (bytes > capacityBytes && states.size() > 1 && eldest.hasNext()) {
            Map.Entry<String, KeyState> entry = eldest.next();
            if (entry.getValue().dirty) {
                write(entry.getKey(), entry.getValue());
            }
            bytes -= entry.getValue().weight();
            eldest.remove();
        }
    }
}
