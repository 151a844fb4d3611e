package fraudctl.kernel.schema;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the text of a Protobuf schema declares, as pipeline/records/proto_file.py says: the same, and no more. */
final class ProtoFile {
    /** How many messages one may lie within. */
    static final int DEEPEST = 32;
    private static final int LARGEST_NUMBER = (1 << 29) - 1;
    private static final Pattern TOKEN = Pattern.compile(
            "(?<blank>[ \\t\\r\\n\\f\\x0B]+|//[^\\n]*|/\\*.*?\\*/)"
                    + "|(?<text>\"[^\"\\\\\\n]*(?:\\\\.[^\"\\\\\\n]*)*\"|'[^'\\\\\\n]*(?:\\\\.[^'\\\\\\n]*)*')"
                    + "|(?<word>\\.?[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*)"
                    + "|(?<number>[0-9][0-9A-Za-z.]*|\\.[0-9][0-9A-Za-z]*)"
                    + "|(?<sign>[{}()\\[\\]<>;=,:+/-])",
            Pattern.DOTALL);
    private static final Pattern NUMBER = Pattern.compile("0[xX][0-9a-fA-F]{1,8}|[0-9]{1,11}");
    private static final Set<String> PASSED_OVER = Set.of("option", "reserved", "extensions", "import");
    private static final Set<String> BLOCKS = Set.of("extend", "service");
    private static final Set<String> LABELS = Set.of("optional", "required", "repeated");

    /** One field as it is declared; {@code oneof} is the number of its oneof in the message, from 1 on, else 0. */
    record Field(String name, int number, String type, String label, int oneof) {}

    /** One message; its name has the package and the messages around it in front. */
    record Message(String name, List<Field> fields, List<Message> inner) {}

    final List<Message> messages = new ArrayList<>();
    /** By their full names, of each its names by number. */
    final Map<String, Map<Integer, String>> enums = new HashMap<>();
    private final List<String> tokens = new ArrayList<>();
    private final Set<String> known = new HashSet<>();
    private boolean isProto3;
    private String space = "";
    private int at;

    ProtoFile(String text) throws Unsupported {
        Matcher found = TOKEN.matcher(text);
        while (found.lookingAt()) {
            if (found.group("blank") == null) {
                tokens.add(found.group());
            }
            found.region(found.end(), text.length());
        }
        if (found.regionStart() < text.length()) {
            throw malformed();
        }
        while (at < tokens.size()) {
            statement(next());
        }
        known.addAll(enums.keySet());
    }

    boolean isProto3() {
        return isProto3;
    }

    /** The message at a place: its place in the file, then in the one around it, and so on; null where none is. */
    Message message(List<Long> places) {
        Message found = null;
        List<Message> among = messages;
        for (long place : places) {
            if (place < 0 || place >= among.size()) {
                return null;
            }
            found = among.get((int) place);
            among = found.inner();
        }
        return found;
    }

    /** Which declared type is meant by a name within a message; null where none of this file is. */
    String fullName(String name, String within) {
        if (name.startsWith(".")) {
            return known.contains(name.substring(1)) ? name.substring(1) : null;
        }
        for (String around = within;; around = around.substring(0, Math.max(0, around.lastIndexOf('.')))) {
            String full = joined(around, name);
            if (known.contains(full)) {
                return full;
            }
            if (around.isEmpty()) {
                return null;
            }
        }
    }

    private void statement(String word) throws Unsupported {
        switch (word) {
            case "message" -> messages.add(message(space, 0));
            case "enum" -> enumeration(space);
            case "package" -> {
                space = next();
                expect(";");
            }
            case "syntax" -> syntax();
            default -> passOver(word);
        }
    }

    private void syntax() throws Unsupported {
        expect("=");
        String said = next();
        said = said.length() < 2 ? "" : said.substring(1, said.length() - 1);
        if (!said.equals("proto2") && !said.equals("proto3")) {
            throw new Unsupported("syntax " + said);
        }
        isProto3 = said.equals("proto3");
        expect(";");
    }

    private Message message(String around, int depth) throws Unsupported {
        if (depth > DEEPEST) {
            throw new Unsupported("a message within more than " + DEEPEST + " others");
        }
        Message found = new Message(joined(around, next()), new ArrayList<>(), new ArrayList<>());
        known.add(found.name());
        int oneofs = 0;
        expect("{");
        for (String word = next(); !word.equals("}"); word = next()) {
            if (word.equals("message")) {
                found.inner().add(message(found.name(), depth + 1));
            } else if (word.equals("enum")) {
                enumeration(found.name());
            } else if (word.equals("oneof")) {
                oneof(found, ++oneofs);
            } else if (word.equals(";") || PASSED_OVER.contains(word) || BLOCKS.contains(word)) {
                passOver(word);
            } else {
                found.fields().add(field(word, 0));
            }
        }
        return found;
    }

    private void oneof(Message message, int number) throws Unsupported {
        next();
        expect("{");
        for (String word = next(); !word.equals("}"); word = next()) {
            if (PASSED_OVER.contains(word)) {
                passOver(word);
            } else {
                message.fields().add(field(word, number));
            }
        }
    }

    private Field field(String word, int oneof) throws Unsupported {
        String label = LABELS.contains(word) ? word : "";
        String type = label.isEmpty() ? word : next();
        if (type.equals("group")) {
            throw new Unsupported("a group");
        }
        if (type.equals("map") && peek().equals("<")) {
            while (!next().equals(">")) { }
            label = "repeated";
        }
        String name = next();
        expect("=");
        int number = (int) number(1, LARGEST_NUMBER);
        options();
        return new Field(name, number, type, label, oneof);
    }

    private void enumeration(String around) throws Unsupported {
        String name = joined(around, next());
        Map<Integer, String> values = new HashMap<>();
        expect("{");
        for (String word = next(); !word.equals("}"); word = next()) {
            if (word.equals(";") || PASSED_OVER.contains(word)) {
                passOver(word);
                continue;
            }
            expect("=");
            values.putIfAbsent((int) number(Integer.MIN_VALUE, Integer.MAX_VALUE), word);
            options();
        }
        enums.put(name, values);
    }

    /** What may stand in brackets ahead of the end of a line. */
    private void options() throws Unsupported {
        if (peek().equals("[")) {
            passOver("");
        } else {
            expect(";");
        }
    }

    /** To the end of a statement that began with that word. */
    private void passOver(String word) throws Unsupported {
        if (word.equals(";")) {
            return;
        }
        if (!word.isEmpty() && !PASSED_OVER.contains(word) && !BLOCKS.contains(word)) {
            throw malformed();
        }
        int depth = 0;
        while (true) {
            String sign = next();
            depth += sign.equals("{") || sign.equals("[") ? 1 : sign.equals("}") || sign.equals("]") ? -1 : 0;
            if (depth < 0) {
                throw malformed();
            }
            if (depth == 0 && (sign.equals(";") || sign.equals("}") && BLOCKS.contains(word))) {
                return;
            }
        }
    }

    private long number(long least, long most) throws Unsupported {
        boolean isNegative = peek().equals("-");
        String text = isNegative ? after() : next();
        if (!NUMBER.matcher(text).matches()) {
            throw malformed();
        }
        boolean isHex = text.length() > 1 && (text.charAt(1) == 'x' || text.charAt(1) == 'X');
        boolean isOctal = text.length() > 1 && text.charAt(0) == '0' && !isHex;
        if (isOctal && (text.indexOf('8') >= 0 || text.indexOf('9') >= 0)) {
            throw malformed();
        }
        long size = isHex ? Long.parseLong(text.substring(2), 16) : Long.parseLong(text, isOctal ? 8 : 10);
        long found = isNegative ? -size : size;
        if (found < least || found > most) {
            throw new Unsupported("the number " + found);
        }
        return found;
    }

    private void expect(String sign) throws Unsupported {
        if (!next().equals(sign)) {
            throw malformed();
        }
    }

    private String peek() {
        return at < tokens.size() ? tokens.get(at) : "";
    }

    private String after() throws Unsupported {
        next();
        return next();
    }

    private String next() throws Unsupported {
        if (at == tokens.size()) {
            throw malformed();
        }
        return tokens.get(at++);
    }

    private static String joined(String around, String name) {
        return around.isEmpty() ? name : around + "." + name;
    }

    private static Unsupported malformed() {
        return new Unsupported("it is not Protobuf");
    }
}
