package fraudctl.kernel.wire;

/** Small letters, by the blocks that {@code pipeline/records/letters.py} names; the others stay as they are. */
public final class Letters {
    private static final int TURKISH_I = 0x130;

    private Letters() {}

    public static String lowered(String text) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            char small = small(c);
            if (small != c) {
                out = out == null ? new StringBuilder(text) : out;
                out.setCharAt(i, small);
            }
        }
        return out == null ? text : out.toString();
    }

    static char small(char c) {
        boolean isInTable = c < 0x530 || c >= 0x1E00 && c < 0x1F00;
        return isInTable && c != TURKISH_I ? (char) Character.toLowerCase((int) c) : c;
    }
}
