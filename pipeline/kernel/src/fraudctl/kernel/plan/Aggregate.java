package fraudctl.kernel.plan;

/** What a feature makes of the entries of a key. */
public enum Aggregate {
    COUNT, SUM, AVG, MIN, MAX, DISTINCT, MEAN_BEFORE, STDDEV_BEFORE, FIRST_SEEN, PREVIOUS, SEQUENCE
}
