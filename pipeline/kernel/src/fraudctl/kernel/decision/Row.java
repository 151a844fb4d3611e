package fraudctl.kernel.decision;

import fraudctl.kernel.event.ContentHash;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.Slots;
import fraudctl.kernel.plan.Feature;
import fraudctl.kernel.plan.Input;
import fraudctl.kernel.wire.Json;
import fraudctl.kernel.wire.Money;
import java.math.BigInteger;
import java.util.List;

/** What Python is handed of an event: the values its rules look at, and the head of the decision. */
public final class Row {
    private Row() {}

    /** Appends the JSON array of the values; amounts and sums in units. */
    public static void appendValues(StringBuilder out, List<Input> inputs, Event event) {
        out.append('[');
        for (int i = 0; i < inputs.size(); i++) {
            if (i > 0) {
                out.append(',');
            }
            Input input = inputs.get(i);
            append(out, input.feature() >= 0 ? event.features[input.feature()] : event.value(input.slot()));
        }
        out.append(']');
    }

    private static void append(StringBuilder out, Object value) {
        if (value instanceof Long number) {
            out.append(number.longValue());
        } else if (value instanceof String text) {
            Json.appendString(out, text);
        } else if (value instanceof Double number) {
            Json.appendDouble(out, number);
        } else if (value instanceof Event.Written number) {
            Json.appendDouble(out, number.value());
        } else {
            out.append(value);
        }
    }

    /** Appends the decision's JSON up to the score, which Python adds with the rest. */
    static void appendHead(StringBuilder out, List<Feature> features, List<Input> inputs,
            boolean isSaturated, Event event, String topic) {
        out.append(event.json).append(",\"source\":{\"topic\":");
        Json.appendString(out, topic);
        out.append(",\"partition\":").append(event.partition).append(",\"offset\":").append(event.offset);
        out.append("},\"features\":");
        appendFeatures(out, features, inputs, event);
        out.append(",\"late\":").append(event.late()).append(",\"saturated\":").append(isSaturated);
        if (event.reused) {
            out.append(",\"reused_id\":true,\"content_hash\":\"").append(ContentHash.text(event.content)).append('"');
        }
        if (event.warming != null) {
            appendWarming(out, features, event);
        }
    }

    /** Nothing when no feature of these is warming. */
    public static void appendWarming(StringBuilder out, List<Feature> features, Event event) {
        boolean first = true;
        for (Feature feature : features) {
            if (event.warming.get(feature.index)) {
                out.append(first ? ",\"warming\":[" : ",");
                Json.appendString(out, feature.name);
                first = false;
            }
        }
        out.append(first ? "" : "]");
    }

    /** The features, and the delay where rules look at it. */
    public static void appendFeatures(StringBuilder out, List<Feature> features, List<Input> inputs,
            Event event) {
        out.append('{');
        boolean first = true;
        for (Feature feature : features) {
            Object value = event.features[feature.index];
            if (value == null) {
                continue;
            }
            if (!first) {
                out.append(',');
            }
            first = false;
            out.append(feature.jsonKey);
            appendFeature(out, feature, value);
        }
        for (Input input : inputs) {
            if (input.slot() == Slots.SLOT_DELAY && event.value(input.slot()) != null) {
                out.append(first ? "" : ",").append("\"delay_ms\":").append(event.delayMs);
            }
        }
        out.append('}');
    }

    private static void appendFeature(StringBuilder out, Feature feature, Object value) {
        if (!feature.ofMoney()) {
            append(out, value);
        } else if (value instanceof Long units) {
            Money.append(out, units);
        } else {
            out.append(value instanceof BigInteger ? Money.text(value) : "");
        }
    }
}
