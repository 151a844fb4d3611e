package fraudctl.kernel;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * The stored form of a {@link KeyState}: one compact blob per key. Positions are deltas, integers are
 * variable-length, and each blob opens with the version of the form.
 */
final class StateCodec {
    private static final int VERSION = 1;

    private StateCodec() {}

    static byte[] encode(KeyState state) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 + state.size() * 24);
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeByte(VERSION);
            writeLong(out, state.timer);
            writeLong(out, state.cut);
            writeEntries(out, state);
            for (SeenValues seen : state.firstSeen) {
                (seen == null ? new SeenValues() : seen).write(out);
            }
            for (KeyState.Last last : state.previous) {
                writeText(out, last == null ? null : last.value());
                if (last != null) {
                    writeLong(out, last.pos());
                }
            }
            (state.scored == null ? new RecentIds() : state.scored).write(out);
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    static KeyState decode(byte[] blob, Plan.Hop hop) {
        try {
            DataInputStream in = new DataInputStream(new ByteArrayInputStream(blob));
            int version = in.readByte();
            if (version != VERSION) {
                throw new IllegalStateException("key state of form " + version + " cannot be read; this kernel reads " + VERSION);
            }
            KeyState state = new KeyState(hop);
            state.timer = readLong(in);
            state.cut = readLong(in);
            readEntries(in, state);
            for (int i = 0; i < state.firstSeen.length; i++) {
                SeenValues seen = SeenValues.read(in);
                state.firstSeen[i] = seen.isEmpty() ? null : seen;
            }
            for (int i = 0; i < state.previous.length; i++) {
                String value = readText(in);
                state.previous[i] = value == null ? null : new KeyState.Last(readLong(in), value);
            }
            RecentIds scored = RecentIds.read(in);
            state.scored = scored.isEmpty() ? null : scored;
            return state;
        } catch (IOException truncated) {
            throw new UncheckedIOException("key state is damaged", truncated);
        }
    }

    private static void writeEntries(DataOutputStream out, KeyState state) throws IOException {
        writeLong(out, state.size());
        long before = 0;
        for (int i = state.head; i < state.tail; i++) {
            writeLong(out, state.pos[i] - before);
            before = state.pos[i];
            writeLong(out, state.amount[i]);
            writeLong(out, state.bits[i]);
            for (String[] column : state.columns) {
                writeText(out, column[i]);
            }
        }
    }

    private static void readEntries(DataInputStream in, KeyState state) throws IOException {
        int size = (int) readLong(in);
        int capacity = Math.max(2, size + size / 4 + 1);
        state.pos = new long[capacity];
        state.amount = new long[capacity];
        state.bits = new long[capacity];
        for (int c = 0; c < state.columns.length; c++) {
            state.columns[c] = new String[capacity];
        }
        long before = 0;
        for (int i = 0; i < size; i++) {
            before += readLong(in);
            state.pos[i] = before;
            state.amount[i] = readLong(in);
            state.bits[i] = readLong(in);
            for (String[] column : state.columns) {
                column[i] = readText(in);
            }
        }
        state.tail = size;
    }

    /** Zigzag, seven bits a byte, least significant first. */
    static void writeLong(DataOutputStream out, long value) throws IOException {
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7FL) != 0) {
            out.writeByte((int) (rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.writeByte((int) rest);
    }

    static long readLong(DataInputStream in) throws IOException {
        long rest = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.readByte();
            rest |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return (rest >>> 1) ^ -(rest & 1);
            }
        }
    }

    /** Length in bytes plus one, then UTF-8; zero for null. */
    static void writeText(DataOutputStream out, String text) throws IOException {
        if (text == null) {
            writeLong(out, 0);
            return;
        }
        byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        writeLong(out, utf8.length + 1L);
        out.write(utf8);
    }

    static String readText(DataInputStream in) throws IOException {
        long length = readLong(in);
        if (length == 0) {
            return null;
        }
        byte[] utf8 = new byte[(int) length - 1];
        in.readFully(utf8);
        return new String(utf8, java.nio.charset.StandardCharsets.UTF_8);
    }
}
