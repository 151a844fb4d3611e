package fraudctl.kernel.wire;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One spelling for what senders spell in many ways: addresses, codes, blanks. Does what
 * pipeline/records/spelling.py does.
 */
public final class Spelling {
    /** The field that keeps an address as it was sent, where that differs from its one spelling. */
    public static final String AS_SENT = "ip_as_sent";

    private static final int LONGEST = 100;
    private static final int GROUPS = 8;
    private static final Pattern BRACKETED = Pattern.compile("\\[([^\\]]*)\\](?::[0-9]{1,5})?", Pattern.DOTALL);
    private static final Pattern WITH_PORT = Pattern.compile("([0-9.]+):[0-9]{1,5}");
    private static final Pattern BETWEEN = Pattern.compile("[ \\t-\\r]+");
    private static final Pattern GROUP = Pattern.compile("[0-9A-Fa-f]{1,4}");

    private Spelling() {}

    public static boolean isBlank(String text) {
        return bare(text).isEmpty();
    }

    /** A code of ASCII in capitals, without blanks around; any other text as it is. */
    public static String code(String text) {
        String bare = bare(text);
        StringBuilder out = null;
        for (int i = 0; i < bare.length(); i++) {
            char c = bare.charAt(i);
            if (c > 127) {
                return text;
            }
            if (c >= 'a' && c <= 'z') {
                out = out == null ? new StringBuilder(bare) : out;
                out.setCharAt(i, (char) (c - 32));
            }
        }
        return out == null ? bare : out.toString();
    }

    /** An address in its one spelling (RFC 5952); what is none as it is. */
    public static String address(String text) throws Refusal {
        if (isFour(text)) {
            return text; // nearly every one, so before any search
        }
        String bare = bare(text);
        if (isList(bare)) {
            throw new Refusal("bad_ip", "several addresses, as from proxies: send that of the client alone");
        }
        String one = one(bare);
        return one == null ? text : one;
    }

    /** Whether there are commas or semicolons in it, or blanks between an address and anything else. */
    private static boolean isList(String text) {
        if (text.indexOf(',') >= 0 || text.indexOf(';') >= 0) {
            return true;
        }
        String[] parts = BETWEEN.split(text);
        for (int i = 0; parts.length > 1 && i < parts.length; i++) {
            if (one(parts[i]) != null) {
                return true;
            }
        }
        return false;
    }

    private static String one(String text) {
        if (text.codePointCount(0, text.length()) > LONGEST) {
            return null;
        }
        Matcher found = BRACKETED.matcher(text);
        String bare = found.matches() || (found = WITH_PORT.matcher(text)).matches() ? found.group(1) : text;
        if (isFour(bare)) {
            return bare;
        }
        int zone = bare.indexOf('%');
        int[] groups = six(zone < 0 ? bare : bare.substring(0, zone));
        return groups == null ? null : isMapped(groups) ? dotted(groups) : compressed(groups);
    }

    private static String bare(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isBlank(text.charAt(start))) {
            start++;
        }
        while (end > start && isBlank(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c >= 9 && c <= 13;
    }

    /** Whether a text is four numbers of at most 255 without leading zeros, and dots between them. */
    static boolean isFour(String text) {
        int dots = 0;
        int number = -1;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '.' && number >= 0) {
                dots++;
                number = -1;
            } else if (c >= '0' && c <= '9' && number != 0) {
                number = Math.max(number, 0) * 10 + c - '0';
                if (number > 255) {
                    return false;
                }
            } else {
                return false;
            }
        }
        return dots == 3 && number >= 0;
    }

    /** The eight groups of an IPv6 address; null for what is none. */
    static int[] six(String text) {
        int gap = text.indexOf("::");
        if (gap < 0) {
            int[] all = groups(text, true);
            return all != null && all.length == GROUPS ? all : null;
        }
        int[] head = groups(text.substring(0, gap), false);
        int[] tail = groups(text.substring(gap + 2), true);
        if (head == null || tail == null || head.length + tail.length >= GROUPS) {
            return null;
        }
        int[] all = new int[GROUPS];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(tail, 0, all, GROUPS - tail.length, tail.length);
        return all;
    }

    private static int[] groups(String text, boolean mayEndInFour) {
        if (text.isEmpty()) {
            return new int[0];
        }
        String[] parts = text.split(":", -1);
        String last = parts[parts.length - 1];
        boolean endsInFour = mayEndInFour && isFour(last);
        int[] found = new int[parts.length + (endsInFour ? 1 : 0)];
        int plain = parts.length - (endsInFour ? 1 : 0);
        for (int i = 0; i < plain; i++) {
            if (!GROUP.matcher(parts[i]).matches()) {
                return null;
            }
            found[i] = Integer.parseInt(parts[i], 16);
        }
        if (endsInFour) {
            String[] bytes = last.split("\\.");
            found[plain] = Integer.parseInt(bytes[0]) << 8 | Integer.parseInt(bytes[1]);
            found[plain + 1] = Integer.parseInt(bytes[2]) << 8 | Integer.parseInt(bytes[3]);
        }
        return found;
    }

    private static boolean isMapped(int[] groups) {
        for (int i = 0; i < 5; i++) {
            if (groups[i] != 0) {
                return false;
            }
        }
        return groups[5] == 0xffff;
    }

    private static String dotted(int[] groups) {
        return (groups[6] >> 8) + "." + (groups[6] & 255) + "." + (groups[7] >> 8) + "." + (groups[7] & 255);
    }

    /** Lower case, the first of the longest runs of two and more zeros as ::. */
    static String compressed(int[] groups) {
        int from = -1;
        int longest = 1;
        for (int i = 0; i < GROUPS; i++) {
            int end = i;
            while (end < GROUPS && groups[end] == 0) {
                end++;
            }
            if (end - i > longest) {
                from = i;
                longest = end - i;
            }
        }
        StringBuilder out = new StringBuilder(40);
        for (int i = 0; i < GROUPS; i++) {
            if (i == from) {
                out.append("::");
                i += longest - 1;
                continue;
            }
            if (out.length() > 0 && out.charAt(out.length() - 1) != ':') {
                out.append(':');
            }
            out.append(Integer.toHexString(groups[i]));
        }
        return out.toString();
    }
}
