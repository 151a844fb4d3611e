package fraudctl.kernel;

/** Why a record is not a transaction: a short stable code, then detail. The same codes as pipeline/records/events.py. */
final class Refusal extends Exception {
    Refusal(String code, String detail) {
        super(code + ": " + detail, null, false, false);
    }
}
