package fraudctl.kernel;

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

    static RefusedRecord of(Record record, Refusal refusal) {
        RefusedRecord refused = new RefusedRecord();
        refused.partition = record.partition;
        refused.offset = record.offset;
        refused.length = record.value == null ? 0 : record.value.length;
        refused.reason = refusal.getMessage();
        refused.value = refused.length > KEPT_BYTES
                ? java.util.Arrays.copyOf(record.value, KEPT_BYTES)
                : record.value == null ? new byte[0] : record.value;
        return refused;
    }
}
