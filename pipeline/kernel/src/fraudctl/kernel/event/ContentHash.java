package fraudctl.kernel.event;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What tells a copy of an event from another event with its id: the first 64 bits of the SHA-256 of the canonical
 * transaction with its further fields by name, so that a sender may repeat them in another order. The same as
 * {@code content_hash} in pipeline/records/events.py.
 */
public final class ContentHash {
    /** Of an event that a kernel without hashes remembers: the same as any. */
    public static final long UNKNOWN = 0;

    private final MessageDigest sha256;
    private final StringBuilder sorted = new StringBuilder(512);
    private final List<String> names = new ArrayList<>();
    private int[] starts = new int[16];

    ContentHash() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    void begin() {
        names.clear();
    }

    /** The JSON of the further fields goes on with that field. */
    void member(String name, int start) {
        if (names.size() == starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2);
        }
        starts[names.size()] = start;
        names.add(name);
    }

    /** @param json the canonical JSON without its closing brace; the further fields are {@code rest}, at its end */
    long of(String json, CharSequence rest) {
        sha256.update(inOrder(json, rest).getBytes(StandardCharsets.UTF_8));
        sha256.update((byte) '}');
        byte[] digest = sha256.digest();
        long hash = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            hash = hash << 8 | digest[i] & 0xFF;
        }
        return hash;
    }

    private String inOrder(String json, CharSequence rest) {
        if (isSorted()) {
            return json;
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            order.add(i);
        }
        order.sort((a, b) -> Event.compareUtf8(names.get(a), names.get(b)));
        sorted.setLength(0);
        sorted.append(json, 0, json.length() - rest.length());
        for (int i : order) {
            sorted.append(rest, starts[i], i + 1 < names.size() ? starts[i + 1] : rest.length());
        }
        return sorted.toString();
    }

    private boolean isSorted() {
        for (int i = 1; i < names.size(); i++) {
            if (Event.compareUtf8(names.get(i - 1), names.get(i)) > 0) {
                return false;
            }
        }
        return true;
    }

    /** As a decision has it: sixteen hexadecimal digits. */
    public static String text(long hash) {
        String digits = Long.toHexString(hash);
        return "0".repeat(16 - digits.length()) + digits;
    }
}
