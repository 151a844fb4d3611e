package fraudctl.kernel.event;

import fraudctl.kernel.wire.Refusal;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/** What an object has beside the fields of a transaction: in a file labels, in a record nothing. */
interface Beside {
    /**
     * Whether the member is none of the transaction's fields.
     *
     * @param text the value as text, null for objects and arrays
     */
    boolean takes(String name, JsonToken kind, String text) throws Refusal;
}
