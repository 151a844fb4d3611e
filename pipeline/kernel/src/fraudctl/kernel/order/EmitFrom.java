package fraudctl.kernel.order;

import fraudctl.kernel.event.Event;
import java.util.HashMap;
import org.apache.flink.api.common.functions.FilterFunction;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/**
 * Lets pass the events from an offset of their partition on. Those before it have warmed the windows and get no
 * decision. Offsets are a fact of the log, so a restored job decides the same.
 */
public final class EmitFrom implements FilterFunction<Event> {
    private static final long serialVersionUID = 1L;

    private final HashMap<Integer, Long> first = new HashMap<>();

    /** @param offsets partition to offset; a partition that is not named passes as a whole */
    public EmitFrom(JsonNode offsets) {
        offsets.properties().forEach(
                entry -> first.put(Integer.valueOf(entry.getKey()), entry.getValue().asLong()));
    }

    @Override
    public boolean filter(Event event) {
        return event.offset >= first.getOrDefault(event.partition, 0L);
    }
}
