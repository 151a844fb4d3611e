package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.io.IOException;

/**
 * Where a long list of one key lies in the store: in pieces of a fixed number of items, so that an event of
 * a key with thousands of items writes the last piece and not all of them. A short list lies in the key's
 * blob itself. Items are numbered from the first that the key ever had.
 */
final class Chunks {
    static final int ITEMS = 32;
    private static final int MOST_INLINE = 48;
    static final int ENTRIES = 0;
    static final int IDS = 1;
    /** Entries on the clock of arrivals; numbered apart, since the others' numbers lie in savepoints. */
    static final int ARRIVALS = 2;

    private final int kind;
    private long from;
    private long to;

    /** Of all the pieces of a key, those of one kind. */
    Chunks(int kind) {
        this.kind = kind;
    }

    /** Holds the pieces of the key in hand. */
    interface Store {
        byte[] get(long piece) throws IOException;

        void put(long piece, byte[] bytes) throws IOException;

        void remove(long piece) throws IOException;
    }

    /** A list that is stored in pieces. */
    interface Items {
        /** Number of the first item. */
        long first();

        /** Number behind the last item. */
        long end();

        /** Number of the first item that has changed since it was stored; {@link Long#MAX_VALUE} for none. */
        long changedFrom();

        void write(Bytes out, long from, long to);

        /** Reads items and appends those from {@code wanted} on. */
        void read(Bytes in, long from, long to, long wanted);

        /** Before the first read: the number that the first item will have. */
        void startAt(long first);
    }

    /** Whether no piece lies in the store. */
    boolean isEmpty() {
        return from == to;
    }

    /** Whether the list is short enough to lie in the blob. */
    static boolean isInline(Items items) {
        return items.end() - items.first() <= MOST_INLINE;
    }

    void write(Bytes out, Items items, Store store) throws IOException {
        long first = items.first();
        long end = items.end();
        boolean isInline = isInline(items);
        out.writeLong(first);
        out.writeLong(end - first);
        out.writeLong(isInline ? 1 : 0);
        if (isInline) {
            items.write(out, first, end);
            removeOutside(0, 0, store);
            return;
        }
        long firstPiece = first / ITEMS;
        long lastPiece = (end - 1) / ITEMS;
        long changed = isEmpty() ? first : Math.max(first, Math.min(items.changedFrom(), end));
        for (long piece = changed / ITEMS; piece <= lastPiece; piece++) {
            store.put(number(piece), piece(items, Math.max(first, piece * ITEMS), Math.min(end, (piece + 1) * ITEMS)));
        }
        removeOutside(firstPiece, lastPiece + 1, store);
        from = firstPiece;
        to = lastPiece + 1;
    }

    private static byte[] piece(Items items, long from, long to) {
        Bytes out = new Bytes();
        out.writeLong(from);
        out.writeLong(to - from);
        items.write(out, from, to);
        return out.written();
    }

    private void removeOutside(long keepFrom, long keepTo, Store store) throws IOException {
        for (long piece = from; piece < to; piece++) {
            if (piece < keepFrom || piece >= keepTo) {
                store.remove(number(piece));
            }
        }
        from = 0;
        to = 0;
    }

    void removeAll(Store store) throws IOException {
        removeOutside(0, 0, store);
    }

    void read(Bytes in, Items items, Store store) throws IOException {
        long first = in.readLong();
        long end = first + in.readLong();
        items.startAt(first);
        if (in.readLong() == 1) {
            items.read(in, first, end, first);
            return;
        }
        from = first / ITEMS;
        to = (end - 1) / ITEMS + 1;
        for (long piece = from; piece < to; piece++) {
            Bytes stored = new Bytes(store.get(number(piece)));
            long start = stored.readLong();
            items.read(stored, start, start + stored.readLong(), first);
        }
    }

    private long number(long piece) {
        return kind == ARRIVALS ? -1 - piece : piece * 2 + kind;
    }
}
