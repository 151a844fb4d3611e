package fraudctl.kernel.wire;

/** A record on its way to the dead-letter topic. Public, with public fields, for Flink's POJO serializer. */
public final class RefusedRecord {
    /** This much of the value is kept. */
    static final int KEPT_BYTES = 65_536;

    public int partition;
    public long offset;
    public int length;
    public String reason;
    public byte[] value;

    public RefusedRecord() {}

    public static RefusedRecord of(Record record, Refusal refusal) {
        return of(record.partition, record.offset, record.value == null ? new byte[0] : record.value, refusal);
    }

    public static RefusedRecord of(int partition, long offset, byte[] value, Refusal refusal) {
        RefusedRecord refused = new RefusedRecord();
        refused.partition = partition;
        refused.offset = offset;
        refused.length = value.length;
        refused.reason = refusal.getMessage();
        refused.value = value.length > KEPT_BYTES ? java.util.Arrays.copyOf(value, KEPT_BYTES) : value;
        return refused;
    }
}
