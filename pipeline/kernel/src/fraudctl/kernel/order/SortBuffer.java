package fraudctl.kernel.order;

import fraudctl.kernel.event.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * Events that wait for the watermark, handed out in the one order of processing.
 *
 * <p>Events come in runs that are sorted or nearly so (a partition of the topic; the output of a hop
 * before), so each run is a lane kept sorted by insertion from its end, and a release merges the lanes:
 * cheaper than one heap over everything when partitions are read unevenly and thousands wait.
 */
public final class SortBuffer {
    private final Map<Integer, Lane> lanes = new HashMap<>();
    private long earliest = Long.MAX_VALUE;

    private static final class Lane implements Comparable<Lane> {
        Event[] ring = new Event[64];
        int head;
        int size;

        Event at(int i) {
            return ring[(head + i) & (ring.length - 1)];
        }

        void add(Event event) {
            if (size == ring.length) {
                grow();
            }
            int mask = ring.length - 1;
            int i = size++;
            while (i > 0 && at(i - 1).compareTo(event) > 0) {
                ring[(head + i) & mask] = at(i - 1);
                i--;
            }
            ring[(head + i) & mask] = event;
        }

        Event poll() {
            Event event = ring[head];
            ring[head] = null;
            head = (head + 1) & (ring.length - 1);
            size--;
            return event;
        }

        private void grow() {
            Event[] larger = new Event[ring.length * 2];
            for (int i = 0; i < size; i++) {
                larger[i] = at(i);
            }
            ring = larger;
            head = 0;
        }

        @Override
        public int compareTo(Lane other) {
            return at(0).compareTo(other.at(0));
        }
    }

    public void add(Event event) {
        lanes.computeIfAbsent(event.lane, ignored -> new Lane()).add(event);
        earliest = Math.min(earliest, event.due);
    }

    /** Hands on every event with due at or before the watermark, in order. */
    public <E extends Exception> void release(long watermark, Receiver<E> receiver) throws E {
        if (earliest > watermark) {
            return;
        }
        if (lanes.size() == 1) {
            Lane only = lanes.values().iterator().next();
            while (only.size > 0 && only.at(0).due <= watermark) {
                receiver.accept(only.poll());
            }
        } else {
            merge(watermark, receiver);
        }
        earliest = Long.MAX_VALUE;
        for (Lane lane : lanes.values()) {
            if (lane.size > 0) {
                earliest = Math.min(earliest, lane.at(0).due);
            }
        }
    }

    private <E extends Exception> void merge(long watermark, Receiver<E> receiver) throws E {
        PriorityQueue<Lane> heads = new PriorityQueue<>();
        for (Lane lane : lanes.values()) {
            if (lane.size > 0) {
                heads.add(lane);
            }
        }
        while (!heads.isEmpty() && heads.peek().at(0).due <= watermark) {
            Lane lane = heads.poll();
            receiver.accept(lane.poll());
            if (lane.size > 0) {
                heads.add(lane);
            }
        }
    }

    /** All waiting events, in no particular order. */
    void forEach(Consumer<Event> visitor) {
        for (Lane lane : lanes.values()) {
            for (int i = 0; i < lane.size; i++) {
                visitor.accept(lane.at(i));
            }
        }
    }

    /** Takes back the events of a checkpoint; they form a lane of their own, sorted once. */
    void restore(List<Event> events, int lane) {
        List<Event> sorted = new ArrayList<>(events);
        sorted.sort(null);
        for (Event event : sorted) {
            event.lane = lane;
            add(event);
        }
    }

    /** What is done with a released event. */
    public interface Receiver<E extends Exception> {
        void accept(Event event) throws E;
    }
}
