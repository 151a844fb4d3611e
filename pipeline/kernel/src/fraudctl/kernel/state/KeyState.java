package fraudctl.kernel.state;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.plan.Aggregate;
import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.plan.Hop;

/**
 * What a hop remembers of one key: recent entries in the order of their positions, and the records of
 * first_seen, previous and dedup. Whether something is still there is always asked of the due of the
 * event in hand, never of a timer; see docs/semantics.md.
 */
public final class KeyState {
    public static final long NONE = Long.MIN_VALUE;

    private Hop hop;
    /** The plan under which it was last changed; its numbers are that plan's. */
    private int epoch;
    public final EntryColumns entries;
    /** Greatest position that was dropped because the key held too many entries. */
    public long cut = NONE;
    public SeenValues[] firstSeen;
    public Last[] previous;
    /** Null where there are none; only the user hop has any. */
    RecentIds scored;
    /** What is remembered of the key on the clock of arrivals; null where nothing is. */
    KeyState arrivals;
    /** When the reclaiming timer of this key is to fire; NONE when there is none. */
    public long timer = NONE;

    /** The last value of a field and when it was seen. */
    public record Last(long pos, String value) {}

    public KeyState(Hop hop) {
        this(hop.epoch, hop.columns.length, hop.isByArrival);
        this.hop = hop;
        firstSeen = new SeenValues[hop.firstSeenSince.length];
        previous = new Last[hop.previousSince.length];
    }

    /** To be read from its stored form, which is of that plan, and then to be adopted. */
    KeyState(int epoch, int columnCount, boolean isByArrival) {
        this.epoch = epoch;
        entries = new EntryColumns(columnCount, isByArrival ? Chunks.ARRIVALS : Chunks.ENTRIES);
    }

    /** The state on the clock of arrivals, made when it is first asked for. */
    public KeyState arrivals() {
        if (arrivals == null) {
            arrivals = new KeyState(hop.arrivals);
        }
        return arrivals;
    }

    Hop hop() {
        return hop;
    }

    int epoch() {
        return epoch;
    }

    /** Goes on under that plan: what a number meant before the epoch since which it means something else goes. */
    void adopt(Hop next) {
        hop = next;
        if (arrivals != null) {
            arrivals.adopt(next.arrivals);
        }
        if (epoch == next.epoch) {
            return;
        }
        entries.adopt(epoch, next.conditionSince, next.columnSince);
        SeenValues[] seen = new SeenValues[next.firstSeenSince.length];
        copyKept(firstSeen, seen, next.firstSeenSince, epoch);
        firstSeen = seen;
        Last[] last = new Last[next.previousSince.length];
        copyKept(previous, last, next.previousSince, epoch);
        previous = last;
        epoch = next.epoch;
    }

    /** What a number meant is kept where it means the same since an epoch up to that. */
    static <T> void copyKept(T[] from, T[] to, int[] since, int epoch) {
        for (int n = 0; n < to.length; n++) {
            to[n] = n < from.length && since[n] <= epoch ? from[n] : null;
        }
    }

    /** Forgets entries at or before the horizon, which is the due in hand less what is kept. */
    public void evict(long horizon) {
        while (!entries.isEmpty() && entries.pos[entries.head] <= horizon) {
            entries.dropOldest();
        }
        if (cut <= horizon) {
            cut = NONE;
        }
    }

    /**
     * Whether this is a copy of an event already scored; remembers it when it is the first of its content, and
     * marks it when another content had its id.
     */
    public boolean isDuplicate(Event event, long windowMs) {
        if (scored == null) {
            scored = new RecentIds();
        }
        scored.evict(event.due - windowMs - 1);
        RecentIds.Known known = scored.find(event.eventId, event.content);
        if (known == RecentIds.Known.COPY) {
            return true;
        }
        event.reused = known == RecentIds.Known.OTHER_CONTENT;
        scored.add(event.eventId, event.content, event.due);
        return false;
    }

    /** Drops what the watermark has made unreachable and tells when the rest will be; NONE when nothing is left. */
    public long reclaim(long watermark, long dedupWindowMs) {
        evict(Math.max(watermark - hop.heldMs, hop.floorMs));
        if (scored != null) {
            scored.evict(watermark - dedupWindowMs);
        }
        for (Feature feature : hop.features) {
            long horizon = watermark - hop.latenessMs - feature.ttlMs;
            if (feature.aggregate == Aggregate.FIRST_SEEN && firstSeen[feature.record] != null) {
                firstSeen[feature.record].evict(horizon);
            } else if (feature.aggregate == Aggregate.PREVIOUS && previous[feature.record] != null
                    && previous[feature.record].pos() <= horizon) {
                previous[feature.record] = null;
            }
        }
        if (arrivals != null) {
            arrivals.reclaim(watermark, dedupWindowMs);
        }
        return expiry(dedupWindowMs);
    }

    /** The watermark at which all that is held now will be unreachable; NONE when nothing is held. */
    public long expiry(long dedupWindowMs) {
        long expiry = entries.isEmpty() ? NONE : entries.pos[entries.tail - 1] + hop.heldMs;
        if (cut != NONE) {
            expiry = Math.max(expiry, cut + hop.heldMs);
        }
        if (scored != null && !scored.isEmpty()) {
            expiry = Math.max(expiry, scored.newestDue() + dedupWindowMs);
        }
        for (Feature feature : hop.features) {
            if (feature.aggregate == Aggregate.FIRST_SEEN) {
                SeenValues seen = firstSeen[feature.record];
                if (seen != null && !seen.isEmpty()) {
                    expiry = Math.max(expiry, seen.newestSight() + feature.ttlMs + hop.latenessMs);
                }
            } else if (feature.aggregate == Aggregate.PREVIOUS && previous[feature.record] != null) {
                expiry = Math.max(expiry, previous[feature.record].pos() + feature.ttlMs + hop.latenessMs);
            }
        }
        return arrivals == null ? expiry : Math.max(expiry, arrivals.expiry(dedupWindowMs));
    }

    /** Whether its blob holds all of it. */
    boolean isInline() {
        return Chunks.isInline(entries) && entries.chunks.isEmpty()
                && (scored == null || Chunks.isInline(scored) && scored.chunks.isEmpty())
                && (arrivals == null || arrivals.isInline());
    }

    /** What it takes in the heap, in bytes: see {@link Weight}. */
    public int weight() {
        int records = 0;
        for (SeenValues values : firstSeen) {
            records += Weight.POINTER + (values == null ? 0 : values.weight());
        }
        for (Last last : previous) {
            records += Weight.POINTER + (last == null ? 0 : 24 + Weight.of(last.value()));
        }
        return 96 + records + entries.weight() + (scored == null ? 0 : scored.weight())
                + (arrivals == null ? 0 : arrivals.weight());
    }
}
