package dev.metakey.bench;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows that did the same work, measured in turns. */
final class Group {
  /** What a group's figures are. */
  enum Unit {
    MICROSECONDS("us"),
    MILLISECONDS("ms"),
    PER_SECOND("a second"),
    MEGABYTES("MB"),
    COUNT("count");

    final String words;

    Unit(String words) {
      this.words = words;
    }
  }

  /**
   * @param p99 null: only one figure was taken
   * @param note what else one should know; may be empty
   */
  record Row(String name, double median, @Nullable Double p99, String note, List<Goal> goals) {}

  /**
   * @param ratio what the row costs, as a multiple of what the other does
   */
  record Outcome(Goal goal, double ratio) {
    boolean isReached() {
      return ratio <= goal.most();
    }
  }

  final String title;
  final Unit unit;
  final @Nullable String floor;
  final String ours;
  final List<Row> rows = new ArrayList<>();

  /**
   * @param floor the row that no other can beat; null if there is none
   * @param ours the row that the others are compared with
   */
  Group(String title, Unit unit, @Nullable String floor, String ours) {
    this.title = title;
    this.unit = unit;
    this.floor = floor;
    this.ours = ours;
  }

  Group(String title, Unit unit, @Nullable String floor) {
    this(title, unit, floor, Results.METAKEY);
  }

  /** Adds a row of times. */
  void add(String name, Samples samples, String note, Goal... goals) {
    double perUnit = unit == Unit.MILLISECONDS ? 1e6 : 1e3;
    add(
        new Row(
            name,
            samples.percentileNs(0.5) / perUnit,
            samples.percentileNs(0.99) / perUnit,
            note,
            List.of(goals)));
  }

  void add(Row row) {
    rows.add(row);
  }

  /** A row's figure divided by that of another; NaN if there is no such row. */
  double ratio(Row row, @Nullable String other) {
    return rows.stream()
        .filter(one -> one.name().equals(other))
        .mapToDouble(one -> row.median() / one.median())
        .findFirst()
        .orElse(Double.NaN);
  }

  /** The outcome of those goals that compare the row with one that was measured. */
  List<Outcome> outcomes(Row row) {
    return row.goals().stream()
        .map(goal -> new Outcome(goal, cost(ratio(row, goal.other()))))
        .filter(outcome -> !Double.isNaN(outcome.ratio()))
        .toList();
  }

  String words(Goal goal) {
    String other = goal.other().equals(floor) ? "the floor" : goal.other();
    return goal.most() == 1 ? "ahead of " + other : "at most %s x %s".formatted(goal.most(), other);
  }

  private double cost(double ratio) {
    return unit == Unit.PER_SECOND ? 1 / ratio : ratio;
  }
}
