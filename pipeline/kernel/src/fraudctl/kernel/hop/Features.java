package fraudctl.kernel.hop;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.plan.Aggregate;
import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.Moments;
import fraudctl.kernel.state.Running;
import fraudctl.kernel.state.SeenValues;
import java.util.HashSet;
import java.util.Set;

/**
 * Computes the features of one hop on one event, by the definitions in docs/semantics.md. Plain: it
 * knows nothing of Flink, of where the state of a key is kept, or of time other than the event's.
 */
public final class Features {
    private final Hop hop;
    private final int maxEntries;
    /** Null where nothing is computed on the clock of arrivals. */
    private final Features arrivals;

    public Features(Hop hop, int maxEntries) {
        this.hop = hop;
        this.maxEntries = maxEntries;
        this.arrivals = hop.arrivals == null || hop.arrivals.features.isEmpty()
                ? null : new Features(hop.arrivals, maxEntries);
    }

    /** Sets the hop's features on the event and brings the state of its key up to it. */
    public void process(Event event, KeyState state) {
        long pos = hop.pos(event);
        long horizon = Math.max(event.due - hop.heldMs, hop.floorMs);
        state.evict(horizon);
        event.saturated |= hop.isLookedAt && state.cut > hop.unseen(event, hop.retentionMs);
        event.shadowSaturated |= hop.isLookedAtByShadow && state.cut > hop.unseen(event, hop.shadowRetentionMs);
        long bits = conditionBits(event);
        int at = state.entries.insert(event, pos, bits, hop.columns);
        Running[] totals = state.entries.totalsBefore(at, hop);
        if (totals != null) {
            fromTotals(event, totals, true);
            for (Running running : totals) {
                running.add(state.entries, at);
            }
            fromTotals(event, totals, false);
        }
        boolean late = event.due > pos;
        for (Feature feature : hop.features) {
            if (totals == null || feature.totals < 0 || late && isCutShort(feature, event)) {
                event.features[feature.index] = value(feature, event, state, at, bits);
            }
        }
        if (event.due < hop.warmFromMs) {
            noteWarming(event, state, at);
        }
        if (pos <= horizon) {
            state.entries.remove(at);
        }
        while (state.entries.size() > maxEntries) {
            state.cut = Math.max(state.cut, state.entries.pos[state.entries.head]);
            state.entries.dropOldest();
        }
        if (arrivals != null) {
            arrivals.process(event, state.arrivals());
        }
    }

    private void fromTotals(Event event, Running[] totals, boolean beforeEvent) {
        for (Feature feature : hop.features) {
            if (feature.totals >= 0 && feature.isBefore() == beforeEvent) {
                Running running = totals[feature.totals];
                event.features[feature.index] = switch (feature.aggregate) {
                    case COUNT -> (Object) running.moments.count();
                    case SUM -> running.moments.sum();
                    case DISTINCT -> running.distinct();
                    case STDDEV_BEFORE -> running.moments.deviation();
                    default -> running.moments.mean();
                };
            }
        }
    }

    /** Whether the state holds entries that the feature would see and its own rule set would have let go. */
    private boolean isCutShort(Feature feature, Event event) {
        return feature.retentionMs < hop.heldMs
                && hop.unseen(event, feature.retentionMs) > hop.pos(event) - feature.reachMs();
    }

    /** Which windows reach back to before what is held. */
    private void noteWarming(Event event, KeyState state, int at) {
        for (Feature feature : hop.features) {
            if (!feature.hasRecord()) {
                long reach = Math.max(hop.pos(event) - feature.reachMs(), hop.unseen(event, feature.retentionMs));
                if (feature.sessionGapMs > 0) {
                    reach = Math.max(reach, sessionStart(feature, event, state, at) - feature.sessionGapMs - 1);
                }
                note(feature, reach, event);
            }
        }
    }

    private static void note(Feature feature, long reach, Event event) {
        if (reach < feature.completeAfterMs) {
            event.warms(feature.index);
        }
    }

    private long sessionStart(Feature feature, Event event, KeyState state, int at) {
        int from = from(feature, event, state, at, feature.mask());
        return from > at ? hop.pos(event) : state.entries.pos[from];
    }

    private long conditionBits(Event event) {
        long bits = 0;
        for (int i = 0; i < hop.conditions.length; i++) {
            if (hop.conditions[i] != null && hop.conditions[i].test(event)) {
                bits |= 1L << i;
            }
        }
        return bits;
    }

    private Object value(Feature feature, Event event, KeyState state, int at, long bits) {
        long mask = feature.mask();
        boolean meets = (bits & mask) == mask;
        return switch (feature.aggregate) {
            case FIRST_SEEN -> meets ? firstSeen(feature, event, state) : null;
            case PREVIOUS -> previous(feature, event, state, meets);
            case SEQUENCE -> sequence(feature, event, state, at, bits);
            default -> aggregate(feature, state, mask, from(feature, event, state, at, mask), at);
        };
    }

    /** Index of the first entry of the window or session that ends with the entry at hand. */
    private int from(Feature feature, Event event, KeyState state, int at, long mask) {
        int oldest = isCutShort(feature, event)
                ? Math.min(at, state.entries.firstAfter(hop.unseen(event, feature.retentionMs))) : state.entries.head;
        if (feature.sessionGapMs == 0) {
            return Math.max(oldest, state.entries.firstAfter(hop.pos(event) - feature.windowMs));
        }
        int from = at + 1;
        long later = hop.pos(event);
        long horizon = later - Plan.SESSION_RETENTION_MS;
        for (int i = at; i >= oldest && state.entries.pos[i] > horizon; i--) {
            if ((state.entries.bits[i] & mask) != mask) {
                continue;
            }
            if (later - state.entries.pos[i] > feature.sessionGapMs) {
                break;
            }
            later = state.entries.pos[i];
            from = i;
        }
        return from;
    }

    private static Object aggregate(Feature feature, KeyState state, long mask, int from, int at) {
        if (feature.ofKind != null) {
            return ColumnValues.aggregate(feature, state.entries, mask, from, feature.isBefore() ? at - 1 : at);
        }
        return switch (feature.aggregate) {
            case COUNT -> count(state, mask, from, at);
            case SUM -> moments(state, mask, from, at, false).sum();
            case MIN, MAX -> extreme(state, mask, from, at, feature.aggregate == Aggregate.MAX);
            case AVG -> moments(state, mask, from, at, false).mean();
            case MEAN_BEFORE -> moments(state, mask, from, at - 1, false).mean();
            case STDDEV_BEFORE -> moments(state, mask, from, at - 1, true).deviation();
            default -> distinct(state, mask, from, at, state.entries.columns[feature.column]);
        };
    }

    private static long count(KeyState state, long mask, int from, int to) {
        if (mask == 0) {
            return Math.max(0, to - from + 1);
        }
        long count = 0;
        for (int i = from; i <= to; i++) {
            if ((state.entries.bits[i] & mask) == mask) {
                count++;
            }
        }
        return count;
    }

    private static Moments moments(KeyState state, long mask, int from, int to, boolean withSquares) {
        Moments moments = new Moments(withSquares);
        for (int i = from; i <= to; i++) {
            if ((state.entries.bits[i] & mask) == mask) {
                moments.add(state.entries.amount[i]);
            }
        }
        return moments;
    }

    private static Long extreme(KeyState state, long mask, int from, int to, boolean greatest) {
        Long found = null;
        for (int i = from; i <= to; i++) {
            long amount = state.entries.amount[i];
            if ((state.entries.bits[i] & mask) == mask && (found == null || (greatest ? amount > found : amount < found))) {
                found = amount;
            }
        }
        return found;
    }

    private static long distinct(KeyState state, long mask, int from, int to, String[] column) {
        if (to - from < 8) {
            return distinctAmongFew(state, mask, from, to, column);
        }
        Set<String> seen = new HashSet<>();
        for (int i = from; i <= to; i++) {
            if (column[i] != null && (state.entries.bits[i] & mask) == mask) {
                seen.add(column[i]);
            }
        }
        return seen.size();
    }

    private static long distinctAmongFew(KeyState state, long mask, int from, int to, String[] column) {
        long distinct = 0;
        for (int i = from; i <= to; i++) {
            if (column[i] == null || (state.entries.bits[i] & mask) != mask) {
                continue;
            }
            boolean known = false;
            for (int j = from; j < i && !known; j++) {
                known = (state.entries.bits[j] & mask) == mask && column[i].equals(column[j]);
            }
            distinct += known ? 0 : 1;
        }
        return distinct;
    }

    private boolean sequence(Feature feature, Event event, KeyState state, int at, long bits) {
        int wanted = feature.steps.length - 1;
        if (!meets(bits, feature.steps[wanted])) {
            return false;
        }
        wanted--;
        long horizon = Math.max(hop.pos(event) - feature.windowMs, hop.unseen(event, feature.retentionMs));
        for (int i = at - 1; wanted >= 0 && i >= state.entries.head && state.entries.pos[i] > horizon; i--) {
            if (meets(state.entries.bits[i], feature.steps[wanted])) {
                wanted--;
            }
        }
        return wanted < 0;
    }

    private static boolean meets(long bits, int condition) {
        return condition < 0 || (bits & (1L << condition)) != 0;
    }

    private Long firstSeen(Feature feature, Event event, KeyState state) {
        String value = event.text(feature.ofSlot);
        if (value == null) {
            return null;
        }
        SeenValues seen = state.firstSeen[feature.record];
        if (seen == null) {
            seen = new SeenValues();
            state.firstSeen[feature.record] = seen;
        }
        long age = seen.see(value, hop.pos(event), hop.unseen(event, feature.ttlMs), maxEntries);
        note(feature, seen.firstOfLastSeen() - feature.ttlMs, event);
        return age;
    }

    private Object previous(Feature feature, Event event, KeyState state, boolean meets) {
        KeyState.Last last = state.previous[feature.record];
        long expired = hop.unseen(event, feature.ttlMs);
        if (last != null && last.pos() <= expired) {
            last = null;
        }
        String value = event.text(feature.ofSlot);
        long pos = hop.pos(event);
        if (meets && value != null && (last == null || pos >= last.pos())) {
            state.previous[feature.record] = new KeyState.Last(pos, value);
        }
        note(feature, last == null ? expired : last.pos(), event);
        return last == null ? null : ColumnValues.read(last.value(), feature.ofKind);
    }
}
