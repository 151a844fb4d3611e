package fraudctl.kernel.state;

/**
 * A list that grows at its end and loses its head, in arrays that move when they are full. Items are numbered
 * from the first that the key ever had, so that {@link Chunks} can say which of them lie in the store.
 */
abstract class Series implements Chunks.Items {
    public int head;
    int tail;
    /** Number of the item at {@code head}. */
    private long first;
    private long changedFrom = Long.MAX_VALUE;

    /** What all arrays can hold. */
    abstract int capacity();

    /** Moves the items to the start of arrays that can hold so many. */
    abstract void move(int capacity);

    public final int size() {
        return tail - head;
    }

    final boolean isEmpty() {
        return head == tail;
    }

    /** Room for one more at the end. */
    final void reserve() {
        if (tail == capacity()) {
            int size = size();
            move(size > capacity() / 2 ? capacity() * 2 : capacity());
            head = 0;
            tail = size;
        }
    }

    /** The item at {@code head} is gone. */
    final void headDropped() {
        head++;
        first++;
    }

    final void changed(int at) {
        changedFrom = Math.min(changedFrom, first + at - head);
    }

    /** All of it is in the store now. */
    final void stored() {
        changedFrom = Long.MAX_VALUE;
    }

    /** Index of the item with that number. */
    final int at(long number) {
        return head + (int) (number - first);
    }

    final long[] moved(long[] from, int capacity) {
        long[] to = new long[capacity];
        System.arraycopy(from, head, to, 0, size());
        return to;
    }

    final String[] moved(String[] from, int capacity) {
        String[] to = new String[capacity];
        System.arraycopy(from, head, to, 0, size());
        return to;
    }

    @Override
    public final long first() {
        return first;
    }

    @Override
    public final long end() {
        return first + size();
    }

    @Override
    public final long changedFrom() {
        return changedFrom;
    }

    @Override
    public final void startAt(long number) {
        first = number;
    }
}
