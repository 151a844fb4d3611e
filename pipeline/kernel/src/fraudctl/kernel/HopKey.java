package fraudctl.kernel;

import org.apache.flink.api.java.functions.KeySelector;

/** Which key an event has in a hop; events without one are spread by their id. */
final class HopKey implements KeySelector<Event, String> {
    private static final long serialVersionUID = 1L;

    private final String planJson;
    private final int hopIndex;
    private transient Plan.Hop hop;

    HopKey(String planJson, int hopIndex) {
        this.planJson = planJson;
        this.hopIndex = hopIndex;
    }

    @Override
    public String getKey(Event event) {
        if (hop == null) {
            hop = Plan.parse(planJson).hops.get(hopIndex);
        }
        String key = hop.keyOf(event);
        return key == null ? "\0" + event.eventId : key;
    }
}
