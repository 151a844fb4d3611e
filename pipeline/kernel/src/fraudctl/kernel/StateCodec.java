package fraudctl.kernel;

import java.io.IOException;

/**
 * The stored form of a {@link KeyState}: a blob per key, which opens with the version of the form, and
 * {@link Chunks} for what grows long.
 */
final class StateCodec {
    private static final int VERSION = 1;

    private final Plan.Hop hop;
    private final Bytes out = new Bytes();

    StateCodec(Plan.Hop hop) {
        this.hop = hop;
    }

    /** The blob; long lists go to the store. */
    byte[] encode(KeyState state, Chunks.Store store) throws IOException {
        out.clear();
        out.writeLong(VERSION);
        out.writeLong(state.timer);
        out.writeLong(state.cut);
        state.entryChunks.write(out, state, store);
        state.stored();
        for (SeenValues seen : state.firstSeen) {
            if (seen == null) {
                out.writeLong(0);
            } else {
                seen.write(out);
            }
        }
        for (KeyState.Last last : state.previous) {
            out.writeText(last == null ? null : last.value());
            if (last != null) {
                out.writeLong(last.pos());
            }
        }
        out.writeLong(state.scored == null ? 0 : 1);
        if (state.scored != null) {
            state.scored.chunks.write(out, state.scored, store);
            state.scored.stored();
        }
        return out.written();
    }

    KeyState decode(byte[] blob, Chunks.Store store) throws IOException {
        Bytes in = new Bytes(blob);
        long version = in.readLong();
        if (version != VERSION) {
            throw new IllegalStateException(
                    "key state of form " + version + " cannot be read; this kernel reads " + VERSION);
        }
        KeyState state = new KeyState(hop);
        state.timer = in.readLong();
        state.cut = in.readLong();
        state.entryChunks.read(in, state, store);
        state.stored();
        for (int i = 0; i < state.firstSeen.length; i++) {
            SeenValues seen = SeenValues.read(in);
            state.firstSeen[i] = seen.isEmpty() ? null : seen;
        }
        for (int i = 0; i < state.previous.length; i++) {
            String value = in.readText();
            state.previous[i] = value == null ? null : new KeyState.Last(in.readLong(), value);
        }
        if (in.readLong() == 1) {
            state.scored = new RecentIds();
            state.scored.chunks.read(in, state.scored, store);
            state.scored.stored();
        }
        return state;
    }

    /** Removes what the store holds of the key beside its blob. */
    static void removeChunks(KeyState state, Chunks.Store store) throws IOException {
        state.entryChunks.removeAll(store);
        if (state.scored != null) {
            state.scored.chunks.removeAll(store);
        }
    }
}
