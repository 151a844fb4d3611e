package fraudctl.kernel.plan;

/** One value of the row that Python scores: a feature, the amount, an id or a slot. */
public record Input(String name, int feature, int slot) {}
