package fraudctl.kernel.wire;

/** Which texts may be ids: the same as in pipeline/records/ids.py, which says why. */
public final class Ids {
    /** First and last of each range of characters that nobody sees, in order. */
    private static final int[] UNSEEN = {
        0x0000, 0x001F, 0x007F, 0x00A0, 0x00AD, 0x00AD, 0x034F, 0x034F, 0x061C, 0x061C, 0x115F, 0x1160,
        0x1680, 0x1680, 0x17B4, 0x17B5, 0x180B, 0x180F, 0x2000, 0x200F, 0x2028, 0x202F, 0x205F, 0x206F,
        0x2800, 0x2800, 0x3000, 0x3000, 0x3164, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF, 0xFFA0, 0xFFA0,
        0xFFF0, 0xFFFB, 0x13430, 0x1343F, 0x16FE4, 0x16FE4, 0x1BCA0, 0x1BCA3, 0x1D159, 0x1D159,
        0x1D173, 0x1D17A, 0xE0000, 0xE0FFF,
    };

    private final int maxBytes;
    private final boolean allowAny;

    public Ids(int maxBytes, boolean allowAny) {
        this.maxBytes = maxBytes;
        this.allowAny = allowAny;
    }

    /** Whether a field of that name is an id. */
    public static boolean isId(String name) {
        return name.endsWith("_id");
    }

    /** Refuses the value of a field, a text without half surrogates, where it may not be an id. */
    public void check(String name, String text) throws Refusal {
        int bytes = 0;
        int unseen = -1;
        for (int i = 0; i < text.length(); i++) {
            int c = text.charAt(i);
            if (c >= ' ' && c < 0x7F) {
                bytes++;
                continue;
            }
            c = text.codePointAt(i);
            i += Character.charCount(c) - 1;
            bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
            if (unseen < 0 && !allowAny && isUnseen(c)) {
                unseen = c;
            }
        }
        if (bytes > maxBytes) {
            throw new Refusal("id_too_long", name + " has " + bytes + " bytes, at most " + maxBytes);
        }
        if (unseen >= 0) {
            throw new Refusal("bad_id", name + " has U+" + String.format("%04X", unseen) + ", which nobody sees");
        }
        if (!allowAny && (text.startsWith(" ") || text.endsWith(" "))) {
            throw new Refusal("bad_id", name + " has U+0020 at an end, which nobody sees");
        }
    }

    private static boolean isUnseen(int c) {
        for (int i = 0; i < UNSEEN.length && UNSEEN[i] <= c; i += 2) {
            if (c <= UNSEEN[i + 1]) {
                return true;
            }
        }
        return false;
    }
}
