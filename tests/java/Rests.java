package fraudctl.kernel.source;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Whether a reader rests after each of its reads, which brought so many bytes: {@code Rests BYTES…}. */
public final class Rests {
    private Rests() {}

    public static void main(String[] arguments) {
        Pace pace = new Pace();
        System.out.println(Arrays.stream(arguments)
                .map(bytes -> Boolean.toString(pace.restsAfter(Long.parseLong(bytes))))
                .collect(Collectors.joining(",", "[", "]")));
    }
}
