package fraudctl.kernel.schema;

/** A schema is none that a transaction can be of. */
final class Unsupported extends Exception {
    private static final long serialVersionUID = 1L;

    Unsupported(String why) {
        super(why, null, false, false);
    }
}
