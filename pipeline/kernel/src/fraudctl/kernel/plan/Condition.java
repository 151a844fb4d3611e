package fraudctl.kernel.plan;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.wire.Letters;
import fraudctl.kernel.wire.Money;
import fraudctl.kernel.wire.Networks;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * A {@code where} of a feature, compiled from the postfix program that Python made of the expression.
 *
 * <p>A comparison with an absent value, or between values of different kinds, is false. Amounts compare
 * exactly with literals; other numeric fields are IEEE doubles. Strings order by code point.
 */
public interface Condition {
    boolean test(Event event);

    /** An operand: a field, a literal, or what is made of a text. Its value is a Long (amount units), Double, BigDecimal,
     * BigInteger, String or Boolean. */
    interface Operand {
        Object value(Event event);
    }

    static Condition compile(JsonNode program, ToIntFunction<String> slotFor) {
        Deque<Object> stack = new ArrayDeque<>();
        for (JsonNode step : program) {
            apply(step, stack, slotFor);
        }
        return condition(stack.pop());
    }

    private static void apply(JsonNode step, Deque<Object> stack, ToIntFunction<String> slotFor) {
        String operation = step.get(0).asText();
        switch (operation) {
            case "field" -> {
                int slot = slotFor.applyAsInt(step.get(1).asText());
                stack.push((Operand) event -> number(event.value(slot)));
            }
            case "num", "str", "bool" -> {
                Object literal = literal(operation, step.get(1));
                stack.push((Operand) event -> literal);
            }
            case "list" -> stack.push(step.get(1));
            case "lower", "len" -> stack.push(called(operation, (Operand) stack.pop()));
            case "starts_with" -> {
                Operand operand = (Operand) stack.pop();
                String prefix = step.get(1).asText();
                stack.push((Condition) event ->
                        operand.value(event) instanceof String text && text.startsWith(prefix));
            }
            case "present" -> {
                int slot = slotFor.applyAsInt(step.get(1).asText());
                stack.push((Condition) event -> event.value(slot) != null);
            }
            case "in", "notin" -> stack.push(membership(stack, operation.equals("notin")));
            case "and" -> {
                Condition right = condition(stack.pop());
                Condition left = condition(stack.pop());
                stack.push((Condition) event -> left.test(event) && right.test(event));
            }
            case "or" -> {
                Condition right = condition(stack.pop());
                Condition left = condition(stack.pop());
                stack.push((Condition) event -> left.test(event) || right.test(event));
            }
            case "not" -> {
                Condition inner = condition(stack.pop());
                stack.push((Condition) event -> !inner.test(event));
            }
            default -> {
                Operand right = (Operand) stack.pop();
                Operand left = (Operand) stack.pop();
                stack.push(comparison(operation, left, right));
            }
        }
    }

    /** A text in small letters, or how many code points it has; of anything else nothing. */
    private static Operand called(String function, Operand operand) {
        if (function.equals("lower")) {
            return event -> operand.value(event) instanceof String text ? Letters.lowered(text) : null;
        }
        return event -> operand.value(event) instanceof String text
                ? (Object) BigInteger.valueOf(text.codePointCount(0, text.length())) : null;
    }

    private static Object number(Object value) {
        return value instanceof Event.Written written ? (Object) written.value() : value;
    }

    private static Object literal(String kind, JsonNode node) {
        return switch (kind) {
            case "num" -> new BigDecimal(node.asText());
            case "str" -> node.asText();
            default -> node.asBoolean();
        };
    }

    private static Object literal(JsonNode node) {
        if (node.isArray()) {
            return literal(node.get(0).asText(), node.get(1));
        }
        return node.isTextual() ? node.asText() : node.isBoolean() ? (Object) node.asBoolean() : node.decimalValue();
    }

    private static Condition condition(Object popped) {
        return popped instanceof Condition condition
                ? condition : event -> Boolean.TRUE.equals(((Operand) popped).value(event));
    }

    private static Condition membership(Deque<Object> stack, boolean negated) {
        Object list = stack.pop();
        Operand operand = (Operand) stack.pop();
        Set<String> texts = new HashSet<>();
        Set<Object> others = new HashSet<>();
        Networks networks = new Networks();
        for (JsonNode item : (JsonNode) list) {
            if (item.isArray() && item.get(0).asText().equals("net")) {
                networks.add(item.get(1).asText());
                continue;
            }
            Object literal = literal(item);
            if (literal instanceof String text) {
                texts.add(text);
            } else {
                others.add(literal);
            }
        }
        return event -> {
            Object value = operand.value(event);
            if (value == null) {
                return false;
            }
            if (value instanceof String text) {
                return !texts.isEmpty() && (texts.contains(text) || networks.has(text)) != negated;
            }
            boolean comparable = false;
            boolean found = false;
            for (Object other : others) {
                int order = compare(value, other);
                comparable |= order != INCOMPARABLE;
                found |= order == 0;
            }
            return negated ? comparable && !found : found;
        };
    }

    int INCOMPARABLE = Integer.MIN_VALUE;

    private static Condition comparison(String operation, Operand left, Operand right) {
        return event -> {
            int order = compare(left.value(event), right.value(event));
            if (order == INCOMPARABLE) {
                return false;
            }
            return switch (operation) {
                case "eq" -> order == 0;
                case "ne" -> order != 0;
                case "lt" -> order < 0;
                case "le" -> order <= 0;
                case "gt" -> order > 0;
                case "ge" -> order >= 0;
                default -> throw new IllegalArgumentException("unknown operation " + operation);
            };
        };
    }

    private static int compare(Object left, Object right) {
        if (left == null || right == null) {
            return INCOMPARABLE;
        }
        if (left instanceof String a && right instanceof String b) {
            return Integer.signum(Event.compareUtf8(a, b));
        }
        if (left instanceof Boolean a && right instanceof Boolean b) {
            return Boolean.compare(a, b);
        }
        if (left instanceof Number a && right instanceof Number b) {
            return a instanceof Double || b instanceof Double
                    ? Double.compare(asDouble(a) + 0.0, asDouble(b) + 0.0) : exact(a).compareTo(exact(b));
        }
        return INCOMPARABLE;
    }

    private static double asDouble(Number number) {
        return number instanceof Long units ? Money.toDouble(units) : number.doubleValue();
    }

    private static BigDecimal exact(Number number) {
        return number instanceof Long units ? Money.exact(units)
                : number instanceof BigInteger whole ? new BigDecimal(whole) : (BigDecimal) number;
    }
}
