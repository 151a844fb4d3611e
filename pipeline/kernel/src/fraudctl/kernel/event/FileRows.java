package fraudctl.kernel.event;

import fraudctl.kernel.wire.Ids;
import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Quantities;
import fraudctl.kernel.wire.Refusal;
import fraudctl.kernel.wire.Spelling;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * Lines of a file whose objects have the fields of a transaction by their own names, and labels: those that are
 * plainly payments become what {@code fraudctl/files} makes of them. Of every other line it says no more than that;
 * {@code fraudctl/files} decides what it is, or why it is refused.
 *
 * <p>A block of lines is their number, the length of all, and the lines with line feeds between them. Its answer: a
 * byte for each line, 1 for a payment; then of the payments their times, their amounts in units (8 bytes each), the
 * lengths of their JSON (4 bytes each) and the JSON of all; the length of a JSON array and the array, which has
 * lists of their users, ids, currencies and labels (null, or whether it is fraud, since when, and the scenario).
 */
public final class FileRows implements Beside {
    private static final Map<String, Boolean> VERDICTS = Map.of("1", true, "1.0", true, "true", true, "fraud", true,
            "yes", true, "0", false, "0.0", false, "false", false, "legit", false, "no", false);
    private static final Refusal NOT_PLAIN = new Refusal("not_plain", "it can be read two ways");

    private final Decoder decoder;
    private final int maxEventBytes;
    private final Map<String, String> kinds;
    private final List<Event> rows = new ArrayList<>();
    private final List<String> labels = new ArrayList<>();
    private final List<String> currencies = new ArrayList<>();
    private final ByteArrayOutputStream values = new ByteArrayOutputStream(1 << 18);
    private int[] lengths = new int[1_024];

    private String currency;
    private String label;
    private String scenario;
    private String labelTime;
    private boolean isTimeNumber;

    /** @param kinds of fields that are declared to be text, number or bool */
    public FileRows(Slots slots, int maxEventBytes, Ids ids, Map<String, String> kinds) {
        this.decoder = new Decoder(slots, maxEventBytes, ids, this);
        this.maxEventBytes = maxEventBytes;
        this.kinds = kinds;
    }

    /** Reads the rest of a block of so many lines and answers it. */
    public void answer(int count, DataInputStream in, DataOutputStream out) throws IOException {
        byte[] block = new byte[in.readInt()];
        in.readFully(block);
        byte[] marks = new byte[count];
        begin(count);
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from;
            while (to < block.length && block[to] != '\n') {
                to++;
            }
            marks[i] = (byte) (isPlain(Arrays.copyOfRange(block, from, to)) ? 1 : 0);
            from = to + 1;
        }
        out.write(marks);
        write(out);
    }

    private void begin(int count) {
        rows.clear();
        labels.clear();
        currencies.clear();
        values.reset();
        lengths = lengths.length < count ? new int[count] : lengths;
    }

    private boolean isPlain(byte[] line) {
        currency = label = scenario = labelTime = null;
        Event event = new Event();
        try {
            decoder.decode(line, event);
            String given = given();
            byte[] json = (event.json + "}").getBytes(StandardCharsets.UTF_8);
            if (json.length > maxEventBytes) {
                return false;
            }
            lengths[rows.size()] = json.length;
            values.writeBytes(json);
            labels.add(given);
        } catch (Refusal notPlain) {
            return false;
        }
        event.json = null;
        rows.add(event);
        currencies.add(currency == null || Spelling.isBlank(currency) ? null : Spelling.code(currency));
        return true;
    }

    /** The label as JSON, null without one; the rest is not looked at then. */
    private String given() throws Refusal {
        if (label == null) {
            return null;
        }
        Boolean fraud = VERDICTS.get(label);
        if (fraud == null) {
            throw NOT_PLAIN;
        }
        StringBuilder out = new StringBuilder(32).append('[').append(fraud).append(',');
        if (labelTime == null) {
            out.append("null");
        } else {
            out.append(isTimeNumber ? Quantities.epochMs(labelTime) : Quantities.isoMs(labelTime));
        }
        append(out.append(','), scenario);
        return out.append(']').toString();
    }

    @Override
    public boolean takes(String name, JsonToken kind, String text) throws Refusal {
        if (kind == JsonToken.VALUE_NULL) {
            return isOfLabels(name);
        }
        // A column without a name is left out of what a file says, and a record's field of that name is not.
        if (text == null || name.isEmpty()) {
            throw NOT_PLAIN;
        }
        if (isOfLabels(name)) {
            takeLabel(name, kind, text);
            return true;
        }
        if (name.equals("currency")) {
            if (text != null && !text.isEmpty() && Character.isDigit(text.charAt(0))) {
                throw NOT_PLAIN; // the number of a code
            }
            currency = text;
        }
        if (!kinds.isEmpty() && kinds.containsKey(name) && !kinds.get(name).equals(kindOf(kind))) {
            throw NOT_PLAIN;
        }
        return false;
    }

    private static boolean isOfLabels(String name) {
        return name.equals("label") || name.equals("label_time") || name.equals("scenario");
    }

    private void takeLabel(String name, JsonToken kind, String text) throws Refusal {
        if (!name.equals("label") && kind.isBoolean() || !Field.isClean(text)) {
            throw NOT_PLAIN;
        }
        switch (name) {
            case "label" -> label = text;
            case "scenario" -> scenario = text;
            default -> {
                labelTime = text;
                isTimeNumber = kind.isNumeric();
            }
        }
    }

    private static String kindOf(JsonToken kind) {
        return kind.isNumeric() ? "number" : kind.isBoolean() ? "bool" : "text";
    }

    private void write(DataOutputStream out) throws IOException {
        for (Event row : rows) {
            out.writeLong(row.timeMs);
        }
        for (Event row : rows) {
            out.writeLong(row.amountUnits);
        }
        for (int i = 0; i < rows.size(); i++) {
            out.writeInt(lengths[i]);
        }
        values.writeTo(out);
        byte[] texts = texts().getBytes(StandardCharsets.UTF_8);
        out.writeInt(texts.length);
        out.write(texts);
    }

    private String texts() {
        StringBuilder out = new StringBuilder(64 * rows.size() + 16).append("[[");
        rows.forEach(row -> append(next(out), row.userId));
        out.append("],[");
        rows.forEach(row -> append(next(out), row.eventId));
        out.append("],[");
        currencies.forEach(one -> append(next(out), one));
        out.append("],[");
        labels.forEach(one -> next(out).append(one));
        return out.append("]]").toString();
    }

    private static StringBuilder next(StringBuilder out) {
        return out.charAt(out.length() - 1) == '[' ? out : out.append(',');
    }

    private static void append(StringBuilder out, String text) {
        if (text == null) {
            out.append("null");
        } else {
            Json.appendString(out, text);
        }
    }
}
