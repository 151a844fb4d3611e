package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.hop.Features;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.KeyStore;
import fraudctl.kernel.state.StateCache;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Drives a {@link StateCache} without Flink and says in one JSON line what it held and what an access cost.
 *
 * <p>{@code CacheLoad PLAN STORE drive KEYS ROUNDS [halve]}: each round an event of each key. With {@code halve}
 * also one of a new key, and the budget is halved after half of the rounds and has a round to be kept again. {@code CacheLoad PLAN STORE weigh KEYS EVENTS}: what states weigh by
 * {@link KeyState#weight} and in the heap.
 */
public final class CacheLoad {
    private static final long START_MS = 1_700_000_000_000L;

    private final Plan plan;
    private final Hop hop;
    private final Features features;
    private final CacheBudget budget;
    private final StateCache cache;
    private long now = START_MS;
    private int number;

    private double mostOver;
    private int mostGone;
    private long mostShed;
    private long longestNanos;

    private CacheLoad(String plan, KeyStore store, double share) throws IOException {
        this.plan = Plan.parse(Files.readString(Path.of(plan)));
        hop = this.plan.hops.get(0);
        features = new Features(hop, this.plan.maxEntries);
        budget = new CacheBudget(share);
        cache = new StateCache(hop, store, false, false, () -> false, budget, StateCache.RECENT_KEYS);
    }

    public static void main(String[] arguments) throws IOException {
        int keys = Integer.parseInt(arguments[3]);
        int rounds = Integer.parseInt(arguments[4]);
        boolean drives = arguments[2].equals("drive");
        try (FileStore store = new FileStore(Path.of(arguments[1]), drives ? keys + rounds : 1)) {
            CacheLoad load = new CacheLoad(arguments[0], store, CacheBudget.SHARE_OF_HEAP);
            System.out.println(drives ? load.drive(keys, rounds, arguments.length > 5) : load.weigh(keys, rounds));
        }
    }

    private String drive(int keys, int rounds, boolean halves) throws IOException {
        CacheBudget other = new CacheBudget(CacheBudget.SHARE_OF_HEAP);
        cache.atWork();
        long began = processorNanos();
        for (int round = 0; round < rounds; round++) {
            if (halves && round == rounds / 2) {
                other.atWork(true);
            }
            for (int key = 0; key < keys; key++) {
                access(key, halves && round == rounds / 2);
            }
            if (halves) {
                access(keys + round, round == rounds / 2);
            }
        }
        double micros = (processorNanos() - began) / 1e3 / keys / rounds;
        return String.format(Locale.ROOT, "{\"most_over\":%.3f,\"most_gone\":%d,\"most_shed\":%d,"
                + "\"longest_ms\":%.2f,\"micros\":%.2f,\"held\":%d,\"of_budget\":%.3f}", mostOver, mostGone, mostShed,
                longestNanos / 1e6, micros, cache.held(), (double) cache.bytes() / budget.bytes());
    }

    private void access(int key, boolean settles) throws IOException {
        int held = cache.held();
        long bytes = cache.bytes();
        long began = System.nanoTime();
        take(event("user-" + key), cache.get("user-" + key));
        cache.changed();
        longestNanos = Math.max(longestNanos, System.nanoTime() - began);
        mostGone = Math.max(mostGone, held - cache.held());
        mostShed = Math.max(mostShed, bytes - cache.bytes());
        if (!settles) {
            mostOver = Math.max(mostOver, (double) cache.bytes() / budget.bytes());
        }
    }

    private void take(Event event, KeyState state) {
        if (!state.isDuplicate(event, plan.dedupWindowMs)) {
            features.process(event, state);
        }
    }

    private String weigh(int keys, int events) {
        List<KeyState> states = new ArrayList<>();
        for (int key = 0; key < keys; key++) {
            states.add(new KeyState(hop));
        }
        long before = usedBytes();
        for (int round = 0; round < events; round++) {
            for (KeyState state : states) {
                take(event("user"), state);
            }
        }
        double heap = usedBytes() - before;
        long weight = states.stream().mapToLong(KeyState::weight).sum() - keys * (long) new KeyState(hop).weight();
        return String.format(Locale.ROOT, "{\"heap\":%.0f,\"weight\":%.0f}", heap / keys, (double) weight / keys);
    }

    /** Of this thread: the machine may have other work. */
    private static long processorNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long usedBytes() {
        long used = 0;
        for (int i = 0; i < 3; i++) {
            System.gc();
            used = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
        }
        return used;
    }

    /** One whose further fields are texts of its own; a key has three addresses, cards and so on. */
    private Event event(String user) {
        Event event = new Event();
        event.userId = user;
        event.eventId = String.format("%016x", number++);
        event.pos = ++now;
        event.due = now;
        event.amountUnits = 100 + number % 7;
        event.slots = new Object[plan.slots.count()];
        for (int slot = 0; slot < event.slots.length; slot++) {
            event.slots[slot] = "203.0.113." + slot + number / 5 % 3;
        }
        event.features = new Object[plan.valueCount];
        return event;
    }

    /** On disk, so that the heap holds what the cache holds: a place for each piece of each key. */
    private static final class FileStore implements KeyStore, AutoCloseable {
        private static final int PLACES = 24;
        private static final int BYTES = 4_096;
        private static final int KEYS_A_MAP = 10_000;

        private final RandomAccessFile file;
        private final MappedByteBuffer[] keys;
        private int key;

        FileStore(Path path, int count) throws IOException {
            file = new RandomAccessFile(path.toFile(), "rw");
            keys = new MappedByteBuffer[(count + KEYS_A_MAP - 1) / KEYS_A_MAP];
            for (int i = 0; i < keys.length; i++) {
                long size = (long) KEYS_A_MAP * PLACES * BYTES;
                keys[i] = file.getChannel().map(FileChannel.MapMode.READ_WRITE, i * size, size);
            }
        }

        @Override
        public void use(String next) {
            key = Integer.parseInt(next.substring(next.indexOf('-') + 1));
        }

        private MappedByteBuffer at(long place) {
            if (place >= PLACES) {
                throw new IllegalStateException("no place for piece " + place);
            }
            return keys[key / KEYS_A_MAP].position((int) (key % KEYS_A_MAP * PLACES + place) * BYTES);
        }

        @Override
        public byte[] blob() {
            return get(-1);
        }

        @Override
        public void putBlob(byte[] blob) {
            put(-1, blob);
        }

        @Override
        public void removeBlob() {
            remove(-1);
        }

        @Override
        public byte[] get(long piece) {
            MappedByteBuffer place = at(piece + 1);
            byte[] bytes = new byte[place.getInt()];
            place.get(bytes);
            return bytes.length == 0 ? null : bytes;
        }

        @Override
        public void put(long piece, byte[] bytes) {
            if (bytes.length > BYTES - 4) {
                throw new IllegalStateException("a piece of " + bytes.length + " bytes");
            }
            at(piece + 1).putInt(bytes.length).put(bytes);
        }

        @Override
        public void remove(long piece) {
            at(piece + 1).putInt(0);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
