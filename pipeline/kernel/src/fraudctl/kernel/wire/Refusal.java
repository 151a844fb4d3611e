package fraudctl.kernel.wire;

/** Why a record is not a transaction: a short stable code, then detail. The same codes as pipeline/records/events.py. */
public final class Refusal extends Exception {
    public Refusal(String code, String detail) {
        super(code + ": " + detail, null, false, false);
    }
}
