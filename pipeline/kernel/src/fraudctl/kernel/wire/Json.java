package fraudctl.kernel.wire;

import java.math.BigDecimal;

/** Writes JSON text. Non-ASCII stays as it is; only what JSON demands is escaped. */
public final class Json {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private Json() {}

    public static void appendString(StringBuilder out, String text) {
        out.append('"');
        appendEscaped(out, text);
        out.append('"');
    }

    /** Whether a text is the same in JSON, and neither NUL nor a surrogate is in it. */
    public static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isPlain(c) || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                return false;
            }
        }
        return true;
    }

    public static void appendEscaped(StringBuilder out, String text) {
        int first = 0;
        while (first < text.length() && isPlain(text.charAt(first))) {
            first++;
        }
        if (first == text.length()) {
            out.append(text);
        } else {
            appendEscaped(out, text, first);
        }
    }

    private static boolean isPlain(char c) {
        return c >= ' ' && c != '"' && c != '\\';
    }

    private static void appendEscaped(StringBuilder out, String text, int firstEscaped) {
        int from = 0;
        for (int i = firstEscaped; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isPlain(c)) {
                continue;
            }
            out.append(text, from, i).append('\\');
            from = i + 1;
            switch (c) {
                case '"', '\\' -> out.append(c);
                case '\n' -> out.append('n');
                case '\r' -> out.append('r');
                case '\t' -> out.append('t');
                case '\b' -> out.append('b');
                case '\f' -> out.append('f');
                default -> out.append("u00").append(HEX[c >> 4]).append(HEX[c & 15]);
            }
        }
        out.append(text, from, text.length());
    }

    /** The shortest text that reads back as the same double, spelled as Python's {@code repr} does. */
    public static void appendDouble(StringBuilder out, double value) {
        double magnitude = Math.abs(value);
        String shortest = Double.toString(value);
        if (magnitude >= 1e-3 && magnitude < 1e7 || value == 0) {
            out.append(shortest);
            return;
        }
        BigDecimal digits = new BigDecimal(shortest).stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            out.append(digits.toPlainString()).append(digits.scale() <= 0 ? ".0" : "");
            return;
        }
        String unscaled = digits.unscaledValue().abs().toString();
        out.append(value < 0 ? "-" : "").append(unscaled.charAt(0));
        if (unscaled.length() > 1) {
            out.append('.').append(unscaled, 1, unscaled.length());
        }
        out.append('e').append(exponent < 0 ? '-' : '+').append(Math.abs(exponent) < 10 ? "0" : "")
                .append(Math.abs(exponent));
    }
}
