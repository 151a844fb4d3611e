package fraudctl.kernel.hop;

import fraudctl.kernel.event.Event;
import fraudctl.kernel.event.Slots;
import org.apache.flink.api.java.functions.KeySelector;

/** Which key an event has in a hop; events without one are spread by their id. */
public final class HopKey implements KeySelector<Event, String> {
    private static final long serialVersionUID = 1L;

    private final String field;

    public HopKey(String field) {
        this.field = field;
    }

    @Override
    public String getKey(Event event) {
        String key = Slots.key(field, event);
        return key == null ? "\0" + event.eventId : key;
    }
}
