package fraudctl.kernel;

import fraudctl.kernel.hop.HotKeys;
import fraudctl.kernel.hop.HotKeysReport;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Counts the keys of a file, one a line: {@code HotKeysTrial SIZE MOST KEYS [AGE_AFTER]}. Says the report of one sketch,
 * that of two which share the keys, merged, and the processor time of one key, in nanoseconds.
 */
public final class HotKeysTrial {
    private HotKeysTrial() {}

    public static void main(String[] arguments) throws Exception {
        int size = Integer.parseInt(arguments[0]);
        int most = Integer.parseInt(arguments[1]);
        List<String> keys = Files.readAllLines(Path.of(arguments[2]));
        int ageAfter = arguments.length > 3 ? Integer.parseInt(arguments[3]) : Integer.MAX_VALUE;
        HotKeys whole = new HotKeys(size);
        HotKeys[] halves = {new HotKeys(size), new HotKeys(size)};
        int count = 0;
        for (String key : keys) {
            whole.add(key);
            halves[Math.floorMod(key.hashCode(), 2)].add(key);
            if (++count % ageAfter == 0) {
                whole.age();
            }
        }
        HotKeysReport merged = new HotKeysReport();
        merged.add(halves[0].report(most));
        HotKeysReport other = new HotKeysReport();
        other.add(halves[1].report(most));
        merged.merge(other);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        out.println(String.format(Locale.ROOT, "{\"whole\":%s,\"merged\":%s,\"nanos\":%.1f}", whole.report(most),
                merged.clone().getLocalValue(), nanos(size, keys)));
    }

    private static double nanos(int size, List<String> keys) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < 7; round++) {
            HotKeys sketch = new HotKeys(size);
            long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            keys.forEach(sketch::add);
            long spent = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
            best = Math.min(best, (double) spent / keys.size());
        }
        return best;
    }
}
