package fraudctl.kernel.state;

import fraudctl.kernel.wire.Bytes;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Packed states beside a plain map of the same: {@code PackedTrial SEED STEPS}. One line of JSON: how many steps were
 * alike, whether the hand went by each entry once a round, the memory reserved at most, after most were removed, and
 * when what was left had been settled.
 */
public final class PackedTrial {
    private final Random random;
    private final PackedStates packed = new PackedStates();
    private final Map<String, byte[]> plain = new HashMap<>();
    private final List<String> keys = new ArrayList<>();

    private PackedTrial(long seed) {
        random = new Random(seed);
    }

    public static void main(String[] arguments) throws ReflectiveOperationException {
        PackedTrial trial = new PackedTrial(Long.parseLong(arguments[0]));
        int alike = 0;
        for (int step = 0; step < Integer.parseInt(arguments[1]); step++) {
            alike += trial.step(step) ? 1 : 0;
        }
        boolean isRound = trial.isEachPassedOnce();
        long most = trial.packed.reservedBytes();
        trial.removeAllBut(500);
        long thinned = trial.packed.reservedBytes();
        for (int i = 0; i < 2_000; i++) {
            trial.packed.settle(8);
        }
        System.out.printf("{\"alike\":%d,\"in_one_place\":%d,\"round\":%b,\"dirty\":%b,\"most\":%d,\"thinned\":%d,\"settled\":%d,"
                + "\"same\":%b}%n", alike, mostInOnePlace(13), isRound, trial.areDirtyFound(), most, thinned, trial.packed.reservedBytes(), trial.isSame());
    }

    /** Puts a key, puts another state in the place of one, or removes one, and whether that key is as it should be. */
    private boolean step(int number) {
        if (keys.size() > 1_000 && random.nextInt(3) == 0) {
            String key = keys.remove(random.nextInt(keys.size()));
            packed.remove(packed.find(key));
            plain.remove(key);
            return packed.find(key) == PackedStates.NONE && packed.size() == plain.size();
        }
        boolean isNew = keys.isEmpty() || random.nextInt(3) > 0;
        String key = isNew ? key(number) : keys.get(random.nextInt(keys.size()));
        if (isNew) {
            keys.add(key);
        } else {
            packed.remove(packed.find(key));
        }
        byte[] state = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 20_000 : 400)];
        random.nextBytes(state);
        Bytes content = new Bytes();
        content.writeText(key);
        content.write(state);
        packed.put(key, content, false, random.nextBoolean());
        plain.put(key, state);
        return isAsItShouldBe(key);
    }

    /** Keys of which one is the beginning of another, of which many have the same hash, and of other scripts. */
    private static String key(int number) {
        return switch (number % 4) {
            case 0 -> "u".repeat(1 + number / 4 % 200) + number;
            case 1 -> (number / 4 % 2 == 0 ? "Aa" : "BB") + (number / 8 % 2 == 0 ? "AaAa" : "BBBB") + number / 16;
            case 2 -> "käufer-№" + number;
            default -> "203.0." + number / 256 + "." + number % 256;
        };
    }

    /** The most of so many keys that lie in one place, whose hashes are the same as texts. */
    private static int mostInOnePlace(int bits) throws ReflectiveOperationException {
        PackedStates packed = new PackedStates();
        for (int number = 0; number < 1 << bits; number++) {
            StringBuilder key = new StringBuilder();
            for (int bit = 0; bit < bits; bit++) {
                key.append((number >> bit & 1) == 0 ? "Aa" : "BB");
            }
            Bytes content = new Bytes();
            content.writeText(key.toString());
            packed.put(key.toString(), content, false, false);
        }
        Field heads = PackedStates.class.getDeclaredField("heads");
        Field next = PackedStates.class.getDeclaredField("next");
        heads.setAccessible(true);
        next.setAccessible(true);
        int most = 0;
        for (int entry : (int[]) heads.get(packed)) {
            int there = 0;
            for (int one = entry; one != PackedStates.NONE; one = ((int[]) next.get(packed))[one]) {
                there++;
            }
            most = Math.max(most, there);
        }
        return most;
    }

    private boolean isAsItShouldBe(String key) {
        int entry = packed.find(key);
        return entry != PackedStates.NONE && packed.key(entry).equals(key)
                && Arrays.equals(packed.blob(entry), plain.get(key)) && packed.size() == plain.size();
    }

    private boolean isSame() {
        return plain.keySet().stream().allMatch(this::isAsItShouldBe);
    }

    private boolean isEachPassedOnce() {
        boolean[] isPassed = new boolean[1 << 24];
        for (int i = 0; i < packed.size(); i++) {
            int entry = packed.next();
            if (isPassed[entry]) {
                return false;
            }
            isPassed[entry] = true;
        }
        return true;
    }

    private boolean areDirtyFound() {
        int expected = packed.dirtySize();
        int found = 0;
        while (packed.dirtySize() > 0) {
            packed.written(packed.nextDirty());
            found++;
        }
        return expected == found && found > 0;
    }

    private void removeAllBut(int left) {
        while (keys.size() > left) {
            String key = keys.remove(random.nextInt(keys.size()));
            packed.remove(packed.find(key));
            plain.remove(key);
        }
    }
}
