package fraudctl.kernel.order;

import fraudctl.kernel.event.Decoder;
import fraudctl.kernel.event.Event;
import fraudctl.kernel.plan.Plan;
import fraudctl.kernel.schema.Framed;
import fraudctl.kernel.wire.Ages;
import fraudctl.kernel.wire.Record;
import fraudctl.kernel.wire.Refusal;

/** Decodes a record and gives it its place in the one order of processing. */
public final class Stamper {
    private final Framed framed;
    private final Decoder decoder;
    private final PartitionClock clock;
    private final Ages ages;
    private final boolean byAppendTime;

    /** With {@code byAppendTime} an event's position is never ahead of its append time: live topics. */
    public Stamper(Framed framed, Plan plan, PartitionClock clock, boolean byAppendTime) {
        this.framed = framed;
        this.decoder = new Decoder(plan.slots, plan.maxEventBytes, plan.ids);
        this.clock = clock;
        this.ages = plan.ages;
        this.byAppendTime = byAppendTime;
    }

    /** Reads what that plan asks for as well. */
    void use(Plan plan) {
        decoder.use(plan.slots);
    }

    /** The event of a record, or null for a control record, which only moves its partition on. */
    public Event stamp(Record record) throws Refusal {
        switch (record.kind) {
            case TICK -> {
                advance(record, record.controlMs);
                return null;
            }
            case CLOSE -> {
                advance(record, clock.closing(record.controlMs));
                return null;
            }
            default -> {
                Event event = new Event();
                long time = decoder.decode(framed.json(record.value), event);
                if (byAppendTime) {
                    ages.check(time, record.appendMs);
                }
                event.partition = record.partition;
                event.offset = record.offset;
                event.appendMs = record.appendMs;
                event.lane = record.partition;
                event.delayMs = byAppendTime ? record.appendMs - time : Event.UNKNOWN;
                event.pos = byAppendTime ? Math.min(time, record.appendMs) : time;
                clock.stamp(event);
                return event;
            }
        }
    }

    private void advance(Record record, long pos) {
        clock.advance(record.partition, byAppendTime ? Math.min(pos, record.appendMs) : pos);
    }
}
