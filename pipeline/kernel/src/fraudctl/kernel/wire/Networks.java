package fraudctl.kernel.wire;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Networks of addresses in their one spelling: which one an address lies in, and whether it lies in one of several.
 * Does what pipeline/records/networks.py does.
 */
public final class Networks {
    /** The networks of one length: how many bits say one, and the addresses with the others cut off. */
    private record Of(boolean isSix, int length, Set<Address> firsts) {}

    private record Address(boolean isSix, long high, long low) {
        /** The first so many bits; those of four bytes lie at the end of {@code low}. */
        Address cut(int length) {
            if (!isSix) {
                return new Address(false, 0, length == 0 ? 0 : low & -1L << 32 - length);
            }
            return new Address(true, kept(high, length), kept(low, length - Long.SIZE));
        }

        private static long kept(long word, int length) {
            return length <= 0 ? 0 : length >= Long.SIZE ? word : word & -1L << Long.SIZE - length;
        }
    }

    private final List<Of> lengths = new ArrayList<>();

    /** Adds one as Python writes it: an address, a slash, the length. */
    public void add(String network) {
        int slash = network.indexOf('/');
        Address first = address(network.substring(0, slash));
        int length = Integer.parseInt(network.substring(slash + 1));
        for (Of known : lengths) {
            if (known.isSix == first.isSix && known.length == length) {
                known.firsts.add(first.cut(length));
                return;
            }
        }
        lengths.add(new Of(first.isSix, length, new HashSet<>(Set.of(first.cut(length)))));
    }

    public boolean isEmpty() {
        return lengths.isEmpty();
    }

    public boolean has(String text) {
        Address address = lengths.isEmpty() ? null : address(text);
        if (address == null) {
            return false;
        }
        for (Of of : lengths) {
            if (of.isSix == address.isSix && of.firsts.contains(address.cut(of.length))) {
                return true;
            }
        }
        return false;
    }

    /** The /24 or /64 of an address; null for what is none. */
    public static String networkOf(String address) {
        if (address.indexOf(':') >= 0) {
            int[] groups = address.indexOf('%') >= 0 ? null : Spelling.six(address);
            return groups == null ? null
                    : Spelling.compressed(new int[] {groups[0], groups[1], groups[2], groups[3], 0, 0, 0, 0}) + "/64";
        }
        return Spelling.isFour(address) ? address.substring(0, address.lastIndexOf('.')) + ".0/24" : null;
    }

    private static Address address(String text) {
        if (text.indexOf(':') < 0) {
            return Spelling.isFour(text) ? new Address(false, 0, four(text)) : null;
        }
        int[] groups = text.indexOf('%') >= 0 ? null : Spelling.six(text);
        return groups == null ? null : new Address(true, word(groups, 0), word(groups, 4));
    }

    private static long four(String text) {
        long number = 0;
        for (String part : text.split("\\.")) {
            number = number << 8 | Integer.parseInt(part);
        }
        return number;
    }

    private static long word(int[] groups, int from) {
        return (long) groups[from] << 48 | (long) groups[from + 1] << 32 | (long) groups[from + 2] << 16
                | groups[from + 3];
    }
}
