package fraudctl.kernel.decision;

import fraudctl.kernel.wire.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.StreamReadConstraints;

/** The JSON of a decision taken apart: all that it says, in its order. It is of our own writing. */
final class DecisionParts {
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNumberLength(1 << 20).maxStringLength(Integer.MAX_VALUE).maxNameLength(1 << 20).build())
            .build();
    private static final int AMOUNT_DIGITS = 4;
    private static final int LONGEST_LONG = 20;

    /** A field or a feature: a String, a Boolean, a Long, a Double or a {@link Written}. */
    record Member(String name, Object value) {}

    /** A number that would be written in another way as a long or a double. */
    record Written(String text) {}

    /** A rule that fired. */
    record Reason(String rule, int points, String text) {}

    String eventId;
    String userId;
    long timeMs;
    long amountUnits;
    final List<Member> fields = new ArrayList<>();
    String topic;
    int partition;
    long offset;
    final List<Member> features = new ArrayList<>();
    boolean late;
    boolean saturated;
    /** Null where no other event had the id. */
    String contentHash;
    final List<String> warming = new ArrayList<>();
    int score;
    String decision;
    final List<Reason> reasons = new ArrayList<>();
    final List<Member> pluginErrors = new ArrayList<>();
    String version;
    String hash;

    private DecisionParts() {}

    static DecisionParts of(byte[] json) {
        DecisionParts found = new DecisionParts();
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.getText();
                parser.nextToken();
                found.take(name, parser);
            }
        } catch (IOException ofOurOwnWriting) {
            throw new UncheckedIOException(ofOurOwnWriting);
        }
        return found;
    }

    private void take(String name, JsonParser parser) throws IOException {
        switch (name) {
            case "event_id" -> eventId = parser.getText();
            case "user_id" -> userId = parser.getText();
            case "event_time" -> timeMs = Instant.parse(parser.getText()).toEpochMilli();
            case "amount" -> amountUnits =
                    new BigDecimal(parser.getText()).movePointRight(AMOUNT_DIGITS).longValueExact();
            case "source" -> source(parser);
            case "features" -> members(parser, features);
            case "late" -> late = parser.getBooleanValue();
            case "saturated" -> saturated = parser.getBooleanValue();
            case "reused_id" -> { } // says no more than that there is a hash
            case "content_hash" -> contentHash = parser.getText();
            case "warming" -> texts(parser, warming);
            case "score" -> score = parser.getIntValue();
            case "decision" -> decision = parser.getText();
            case "reasons" -> reasons(parser);
            case "plugin_errors" -> members(parser, pluginErrors);
            case "ruleset_version" -> version = parser.getText();
            case "ruleset_hash" -> hash = parser.getText();
            default -> fields.add(new Member(name, scalar(parser)));
        }
    }

    private void source(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.getText();
            parser.nextToken();
            switch (name) {
                case "topic" -> topic = parser.getText();
                case "partition" -> partition = parser.getIntValue();
                default -> offset = parser.getLongValue();
            }
        }
    }

    private static void members(JsonParser parser, List<Member> into) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.getText();
            parser.nextToken();
            into.add(new Member(name, scalar(parser)));
        }
    }

    private static void texts(JsonParser parser, List<String> into) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            into.add(parser.getText());
        }
    }

    private void reasons(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String rule = null;
            int points = 0;
            String text = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.getText();
                parser.nextToken();
                switch (name) {
                    case "rule" -> rule = parser.getText();
                    case "points" -> points = parser.getIntValue();
                    default -> text = parser.getText();
                }
            }
            reasons.add(new Reason(rule, points, text));
        }
    }

    private static Object scalar(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE, VALUE_FALSE -> parser.getBooleanValue();
            default -> number(parser.getText());
        };
    }

    private static Object number(String text) {
        if (text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0) {
            return whole(text);
        }
        double nearest = Double.parseDouble(text);
        StringBuilder again = new StringBuilder(text.length());
        Json.appendDouble(again, nearest);
        return text.contentEquals(again) ? (Object) nearest : new Written(text);
    }

    private static Object whole(String text) {
        if (text.length() > LONGEST_LONG) {
            return new Written(text);
        }
        try {
            long whole = Long.parseLong(text);
            return Long.toString(whole).equals(text) ? (Object) whole : new Written(text);
        } catch (NumberFormatException tooLarge) {
            return new Written(text);
        }
    }
}
