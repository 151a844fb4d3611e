package fraudctl.kernel.event;

import fraudctl.kernel.wire.Networks;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongFunction;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * A value that is made of a transaction's own fields, by a definition in the plan. Makes what {@code
 * pipeline/rules/derived.py} makes; zones and rates come with the definition.
 */
interface Derived {
    long DAY_S = 86_400;
    BigInteger LIMIT = BigInteger.TEN.pow(18);

    /** The value: a String, a Boolean, a number as written, a BigInteger, or a Long for money. Null when absent. */
    Object of(Event event);

    static Derived compile(JsonNode definition, Slots slots) {
        String what = definition.get("do").asText();
        return switch (what) {
            case "text", "number", "bool" -> typed(what, slots.slotFor(definition.get("of").asText()));
            case "ip_net" -> network(slots.slotFor(definition.get("of").asText()));
            case "hour" -> inZone(definition, local -> Math.floorMod(local, DAY_S) / 3_600);
            case "weekday" -> inZone(definition, local -> Math.floorMod(Math.floorDiv(local, DAY_S) + 3, 7L) + 1);
            case "day" -> inZone(definition,
                    local -> (long) LocalDate.ofEpochDay(Math.floorDiv(local, DAY_S)).getDayOfMonth());
            case "amount_in" -> converted(definition, slots.slotFor("currency"));
            default -> throw new IllegalArgumentException("unknown value " + what);
        };
    }

    private static Derived typed(String kind, int slot) {
        return switch (kind) {
            case "text" -> event -> event.text(slot);
            case "number" -> event -> event.value(slot) instanceof Event.Written number ? number : null;
            default -> event -> event.value(slot) instanceof Boolean truth ? truth : null;
        };
    }

    private static Derived network(int slot) {
        return event -> {
            String address = event.text(slot);
            return address == null ? null : Networks.networkOf(address);
        };
    }

    private static Derived inZone(JsonNode definition, LongFunction<Long> part) {
        long[] since = longs(definition.get("since_s"));
        long[] offsets = longs(definition.get("offsets_s"));
        return event -> {
            long second = Math.floorDiv(event.timeMs, 1_000L);
            int found = Arrays.binarySearch(since, second);
            return BigInteger.valueOf(part.apply(second + offsets[found < 0 ? -found - 1 : found + 1]));
        };
    }

    private static long[] longs(JsonNode list) {
        long[] read = new long[list.size()];
        for (int i = 0; i < read.length; i++) {
            read[i] = list.get(i).asLong();
        }
        return read;
    }

    private static Derived converted(JsonNode definition, int currencySlot) {
        String own = definition.get("own").asText();
        Map<String, BigDecimal[]> rates = new HashMap<>();
        definition.get("rates").properties().forEach(rate -> rates.put(rate.getKey(), new BigDecimal[] {
            new BigDecimal(rate.getValue().get(0).asText()), new BigDecimal(rate.getValue().get(1).asText())}));
        return event -> {
            Object currency = event.value(currencySlot);
            BigDecimal[] rate = rates.get(currency == null ? own : currency.toString());
            return rate == null ? null : units(event.amountUnits, rate);
        };
    }

    /** Rounded once, half to even; null from 10^14 on. */
    private static Long units(long amountUnits, BigDecimal[] rate) {
        BigInteger units = BigDecimal.valueOf(amountUnits).multiply(rate[0])
                .divide(rate[1], 0, RoundingMode.HALF_EVEN).toBigInteger();
        return units.abs().compareTo(LIMIT) >= 0 ? null : (Long) units.longValue();
    }
}
