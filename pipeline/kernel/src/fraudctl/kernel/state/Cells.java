package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Strings of bytes, each a chain of cells of one size, in a few large arrays: however many there are, a collection
 * finds no object in them. Whatever is free fits whatever comes. The lowest page that has room is filled first, so
 * that pages at the end empty themselves where strings are moved.
 */
final class Cells {
    static final int NONE = -1;
    static final int CELL_BYTES = 96;
    private static final int LINK_BYTES = Integer.BYTES;
    private static final int ROOM = CELL_BYTES - LINK_BYTES;
    private static final int PAGE_BITS = 12;
    private static final int PAGE_CELLS = 1 << PAGE_BITS;
    private static final int PAGE_BYTES = PAGE_CELLS * CELL_BYTES;
    private static final VarHandle LINK = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());

    private byte[][] pages = new byte[8][];
    /** Of each page the first free cell, the others chained to it, and how many are taken. */
    private int[] free = new int[8];
    private int[] taken = new int[8];
    private int pageCount;
    /** No page before this one has a free cell. */
    private int lowest;
    private int takenCells;

    /** How many cells so many bytes take. */
    static int cells(int bytes) {
        return (bytes + ROOM - 1) / ROOM;
    }

    /** Keeps what was written, which is not empty, and gives its first cell. */
    int put(Bytes content) {
        int size = content.size();
        int first = take();
        int cell = first;
        for (int from = 0; ; from += ROOM) {
            content.copy(from, page(cell), at(cell) + LINK_BYTES, Math.min(ROOM, size - from));
            if (from + ROOM >= size) {
                link(cell, NONE);
                return first;
            }
            int next = take();
            link(cell, next);
            cell = next;
        }
    }

    /** Reads so many bytes; {@code into} stands at their beginning afterwards. */
    void read(int first, int size, Bytes into) {
        into.clear();
        int cell = first;
        for (int from = 0; from < size; from += ROOM) {
            into.write(page(cell), at(cell) + LINK_BYTES, Math.min(ROOM, size - from));
            cell = next(cell);
        }
        into.clear();
    }

    /** Whether the string, which is no shorter, begins with what was written there. */
    boolean begins(int first, Bytes wanted) {
        int cell = first;
        for (int from = 0; from < wanted.size(); from += ROOM) {
            if (!wanted.equals(from, page(cell), at(cell) + LINK_BYTES, Math.min(ROOM, wanted.size() - from))) {
                return false;
            }
            cell = next(cell);
        }
        return true;
    }

    void free(int first) {
        for (int cell = first; cell != NONE; ) {
            int next = next(cell);
            int page = cell >>> PAGE_BITS;
            link(cell, free[page]);
            free[page] = cell;
            taken[page]--;
            takenCells--;
            lowest = Math.min(lowest, page);
            cell = next;
        }
    }

    /** What the arrays take. */
    long reservedBytes() {
        return (long) pageCount * PAGE_BYTES;
    }

    /** The first cell of the pages that would not be needed if no other had a hole, one page aside. */
    int surplus() {
        return (takenCells + PAGE_CELLS - 1 >>> PAGE_BITS) + 1 << PAGE_BITS;
    }

    /** Whether there is a cell from that one on. */
    boolean reaches(int cell) {
        return pageCount << PAGE_BITS > cell;
    }

    /** Whether a string has a cell from that one on. */
    boolean reaches(int first, int cell) {
        for (int one = first; one != NONE; one = next(one)) {
            if (one >= cell) {
                return true;
            }
        }
        return false;
    }

    void dropEmptyPages() {
        while (pageCount > 0 && taken[pageCount - 1] == 0) {
            pages[--pageCount] = null;
        }
        lowest = Math.min(lowest, pageCount);
    }

    private int take() {
        while (lowest < pageCount && free[lowest] == NONE) {
            lowest++;
        }
        if (lowest == pageCount) {
            addPage();
        }
        int cell = free[lowest];
        free[lowest] = next(cell);
        taken[lowest]++;
        takenCells++;
        return cell;
    }

    private void addPage() {
        if (pageCount == pages.length) {
            pages = Arrays.copyOf(pages, pageCount * 2);
            free = Arrays.copyOf(free, pageCount * 2);
            taken = Arrays.copyOf(taken, pageCount * 2);
        }
        int from = pageCount << PAGE_BITS;
        pages[pageCount] = new byte[PAGE_BYTES];
        free[pageCount] = from;
        taken[pageCount++] = 0;
        for (int cell = from; cell < from + PAGE_CELLS; cell++) {
            link(cell, cell + 1 < from + PAGE_CELLS ? cell + 1 : NONE);
        }
    }

    private byte[] page(int cell) {
        return pages[cell >>> PAGE_BITS];
    }

    private static int at(int cell) {
        return (cell & PAGE_CELLS - 1) * CELL_BYTES;
    }

    private int next(int cell) {
        return (int) LINK.get(page(cell), at(cell));
    }

    private void link(int cell, int next) {
        LINK.set(page(cell), at(cell), next);
    }
}
