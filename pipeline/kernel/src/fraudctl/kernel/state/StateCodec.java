package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.io.IOException;

/**
 * The stored form of a {@link KeyState}: a blob per key, which opens with the version of the form, and
 * {@link Chunks} for what grows long.
 */
final class StateCodec {
    private static final int VERSION = 4;
    /** Without the clock of arrivals, which no rule set could ask for. */
    private static final int ONE_CLOCK = 3;
    /** Ids without what their events said; such a state is written anew as a whole. */
    private static final int WITHOUT_CONTENTS = 2;

    private final Bytes out = new Bytes();

    /** The blob; long lists go to the store. */
    byte[] encode(KeyState state, Chunks.Store store) throws IOException {
        out.clear();
        write(state, store);
        return out.written();
    }

    /** The text of the key and the blob behind it, good until something else is encoded. */
    Bytes encode(String key, KeyState state, Chunks.Store store) throws IOException {
        out.clear();
        out.writeText(key);
        write(state, store);
        return out;
    }

    private void write(KeyState state, Chunks.Store store) throws IOException {
        out.writeLong(VERSION);
        writeClock(state, store);
        out.writeLong(state.scored == null ? 0 : 1);
        if (state.scored != null) {
            state.scored.chunks.write(out, state.scored, store);
            state.scored.stored();
        }
        out.writeLong(state.arrivals == null ? 0 : 1);
        if (state.arrivals != null) {
            writeClock(state.arrivals, store);
        }
    }

    /** What is remembered on one clock. */
    private void writeClock(KeyState state, Chunks.Store store) throws IOException {
        out.writeLong(state.epoch());
        out.writeLong(state.entries.columns.length);
        out.writeLong(state.timer);
        out.writeLong(state.cut);
        state.entries.chunks.write(out, state.entries, store);
        state.entries.stored();
        out.writeLong(state.firstSeen.length);
        for (SeenValues seen : state.firstSeen) {
            if (seen == null) {
                out.writeLong(0);
            } else {
                seen.write(out);
            }
        }
        out.writeLong(state.previous.length);
        for (KeyState.Last last : state.previous) {
            out.writeText(last == null ? null : last.value());
            if (last != null) {
                out.writeLong(last.pos());
            }
        }
    }

    /** The state as that plan left it; it is to be adopted by the one in force. */
    KeyState decode(Bytes in, Chunks.Store store) throws IOException {
        long version = in.readLong();
        if (version < WITHOUT_CONTENTS || version > VERSION) {
            throw new IllegalStateException("key state of form " + version + " cannot be read; this kernel reads "
                    + WITHOUT_CONTENTS + " to " + VERSION
                    + ": restore with the build that wrote it, or start from the log (fraudctl job reset-offsets)");
        }
        KeyState state = readClock(in, store, false);
        if (in.readLong() == 1) {
            state.scored = new RecentIds();
            state.scored.isWithoutContents = version == WITHOUT_CONTENTS;
            state.scored.chunks.read(in, state.scored, store);
            state.scored.stored();
            if (version == WITHOUT_CONTENTS) {
                state.scored.rewrite();
            }
        }
        if (version > ONE_CLOCK && in.readLong() == 1) {
            state.arrivals = readClock(in, store, true);
        }
        return state;
    }

    private static KeyState readClock(Bytes in, Chunks.Store store, boolean isByArrival) throws IOException {
        int epoch = (int) in.readLong();
        KeyState state = new KeyState(epoch, (int) in.readLong(), isByArrival);
        state.timer = in.readLong();
        state.cut = in.readLong();
        state.entries.chunks.read(in, state.entries, store);
        state.entries.stored();
        state.firstSeen = new SeenValues[(int) in.readLong()];
        for (int i = 0; i < state.firstSeen.length; i++) {
            SeenValues seen = SeenValues.read(in);
            state.firstSeen[i] = seen.isEmpty() ? null : seen;
        }
        state.previous = new KeyState.Last[(int) in.readLong()];
        for (int i = 0; i < state.previous.length; i++) {
            String value = in.readText();
            state.previous[i] = value == null ? null : new KeyState.Last(in.readLong(), value);
        }
        return state;
    }

    /** Removes what the store holds of the key beside its blob. */
    static void removeChunks(KeyState state, Chunks.Store store) throws IOException {
        state.entries.chunks.removeAll(store);
        if (state.scored != null) {
            state.scored.chunks.removeAll(store);
        }
        if (state.arrivals != null) {
            state.arrivals.entries.chunks.removeAll(store);
        }
    }
}
