package fraudctl.kernel.state;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.wire.Bytes;
import java.util.Arrays;

/** The records of one first_seen feature: values with the positions of their first and last sight. */
public final class SeenValues {
    private String[] values = new String[1];
    private long[] first = new long[1];
    private long[] last = new long[1];
    private int size;
    /** What the values take; counted as they come and go, since looking at each of them is waiting for memory. */
    private int textBytes;
    private long firstOfLastSeen;

    /**
     * Notes a sight and gives the age of the value in milliseconds, 0 when it is new or was last seen at or before
     * {@code expired}.
     */
    public long see(String value, long pos, long expired, int mostValues) {
        int at = indexOf(value);
        if (at >= 0 && last[at] > expired) {
            long age = Math.max(0, pos - first[at]);
            first[at] = Math.min(first[at], pos);
            last[at] = Math.max(last[at], pos);
            firstOfLastSeen = first[at];
            return age;
        }
        if (at < 0) {
            at = append(value);
        }
        first[at] = pos;
        last[at] = pos;
        firstOfLastSeen = pos;
        if (size > mostValues) {
            removeLeastRecent(at);
        }
        return 0;
    }

    /** When the value that was seen last was first seen, as far as is remembered. */
    public long firstOfLastSeen() {
        return firstOfLastSeen;
    }

    void evict(long horizon) {
        for (int i = size - 1; i >= 0; i--) {
            if (last[i] <= horizon) {
                remove(i);
            }
        }
    }

    boolean isEmpty() {
        return size == 0;
    }

    int size() {
        return size;
    }

    int weight() {
        return 40 + Weight.ARRAY * 3 + values.length * (Weight.POINTER + 16) + textBytes;
    }

    long newestSight() {
        long newest = Long.MIN_VALUE;
        for (int i = 0; i < size; i++) {
            newest = Math.max(newest, last[i]);
        }
        return newest;
    }

    private int indexOf(String value) {
        for (int i = 0; i < size; i++) {
            if (values[i].equals(value)) {
                return i;
            }
        }
        return -1;
    }

    private int append(String value) {
        if (size == values.length) {
            int capacity = size * 2;
            values = Arrays.copyOf(values, capacity);
            first = Arrays.copyOf(first, capacity);
            last = Arrays.copyOf(last, capacity);
        }
        values[size] = value;
        textBytes += Weight.of(value);
        return size++;
    }

    private void removeLeastRecent(int keep) {
        int oldest = -1;
        for (int i = 0; i < size; i++) {
            if (i != keep && (oldest < 0 || last[i] < last[oldest]
                    || last[i] == last[oldest] && Event.compareUtf8(values[i], values[oldest]) < 0)) {
                oldest = i;
            }
        }
        remove(oldest);
    }

    private void remove(int at) {
        size--;
        textBytes -= Weight.of(values[at]);
        values[at] = values[size];
        first[at] = first[size];
        last[at] = last[size];
        values[size] = null;
    }

    void write(Bytes out) {
        out.writeLong(size);
        for (int i = 0; i < size; i++) {
            out.writeText(values[i]);
            out.writeLong(first[i]);
            out.writeLong(last[i] - first[i]);
        }
    }

    static SeenValues read(Bytes in) {
        SeenValues read = new SeenValues();
        for (long left = in.readLong(); left > 0; left--) {
            int at = read.append(in.readText());
            read.first[at] = in.readLong();
            read.last[at] = read.first[at] + in.readLong();
        }
        return read;
    }
}
