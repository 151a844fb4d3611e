package fraudctl.kernel;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.EventType;
import fraudctl.kernel.plan.Hop;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.state.CacheBudget;
import fraudctl.kernel.state.KeyState;
import fraudctl.kernel.state.KeyStore;
import fraudctl.kernel.state.StateCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.flink.core.memory.DataInputDeserializer;

/**
 * What earlier kernels left in savepoints, read by this one. {@code EarlierForms PLAN state DUE BLOB [PIECE BYTES]...}
 * asks of the ids {@code old} and {@code new} whether they are copies, twice each, the state written and read in
 * between; {@code EarlierForms PLAN event BYTES} reads a waiting event of the first form. Bytes are hexadecimal.
 */
public final class EarlierForms {
    private EarlierForms() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments[1].equals("event")) {
            byte[] bytes = HexFormat.of().parseHex(arguments[2]);
            Event event = EventType.Serializer.INSTANCE.read(new DataInputDeserializer(bytes), 1);
            System.out.println("[\"" + event.eventId + "\"," + (event.appendMs == Event.UNKNOWN) + ","
                    + event.value(-8) + "," + event.due + "]");
            return;
        }
        Hop hop = Plan.parse(Files.readString(Path.of(arguments[0]))).hops.get(0);
        Stored store = new Stored();
        store.blob = HexFormat.of().parseHex(arguments[3]);
        for (int i = 4; i < arguments.length; i += 2) {
            store.pieces.put(Long.parseLong(arguments[i]), HexFormat.of().parseHex(arguments[i + 1]));
        }
        StringBuilder out = new StringBuilder("[");
        for (int round = 0; round < 2; round++) {
            StateCache cache =
                    new StateCache(hop, store, true, false, () -> false, new CacheBudget(0.01), StateCache.RECENT_KEYS);
            for (String id : new String[] {"old", "new", "old", "new"}) {
                KeyState state = cache.get("u");
                Event event = new Event();
                event.eventId = id;
                event.due = Long.parseLong(arguments[2]) + round;
                event.content = out.length();
                out.append(out.length() > 1 ? "," : "").append(state.isDuplicate(event, 3_600_000))
                        .append(event.reused ? ",\"reused\"" : "");
                cache.changed();
            }
            cache.flush();
        }
        System.out.println(out.append("]"));
    }

    /** The state of one key. */
    private static final class Stored implements KeyStore {
        private byte[] blob;
        private final Map<Long, byte[]> pieces = new HashMap<>();

        @Override
        public void use(String key) {}

        @Override
        public byte[] blob() {
            return blob;
        }

        @Override
        public void putBlob(byte[] bytes) {
            blob = bytes;
        }

        @Override
        public void removeBlob() {
            blob = null;
        }

        @Override
        public byte[] get(long piece) {
            return pieces.get(piece);
        }

        @Override
        public void put(long piece, byte[] bytes) {
            pieces.put(piece, bytes);
        }

        @Override
        public void remove(long piece) {
            pieces.remove(piece);
        }
    }
}
