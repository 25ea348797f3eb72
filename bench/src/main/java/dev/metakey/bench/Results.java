package dev.metakey.bench;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.metakey.bench.Group.Outcome;
import dev.metakey.bench.Group.Row;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** All that was measured: printed as a Markdown table, and kept as JSON. */
final class Results {
  /** The row that the others of most groups are compared with. */
  static final String METAKEY = "metakey";

  private static final MathContext THREE_DIGITS = new MathContext(3);

  /** What it was measured on, and which versions of what. */
  final Map<String, String> facts = new LinkedHashMap<>();

  final List<String> leftOut = new ArrayList<>();
  private final List<Group> groups = new ArrayList<>();

  Group group(Group group) {
    groups.add(group);
    return group;
  }

  String markdown() {
    StringBuilder text = new StringBuilder();
    facts.forEach((what, value) -> text.append("- %s: %s%n".formatted(what, value)));
    leftOut.forEach(what -> text.append("- left out: %s%n".formatted(what)));
    text.append(
        """

        | | median | p99 | / floor | / metakey | goals, and what else is to be known |
        |---|--:|--:|--:|--:|---|
        """);
    for (Group group : groups) {
      text.append("| **%s, %s** | | | | | |%n".formatted(group.title, group.unit.words));
      group.rows.forEach(row -> text.append(line(group, row)));
    }
    return text.toString();
  }

  private static String line(Group group, Row row) {
    Double p99 = row.p99();
    return "| %s | %s | %s | %s | %s | %s |%n"
        .formatted(
            row.name(),
            figure(row.median()),
            p99 == null ? "" : figure(p99),
            figure(group.ratio(row, group.floor)),
            figure(group.ratio(row, group.ours)),
            words(group, row));
  }

  /**
   * Each goal, whether it is reached, and then what keeps the row behind and what else one should
   * know.
   */
  private static String words(Group group, Row row) {
    List<String> words = new ArrayList<>();
    Set<String> whys = new LinkedHashSet<>();
    for (Outcome outcome : group.outcomes(row)) {
      String reached = outcome.isReached() ? "yes" : "**no**";
      words.add(
          "%s: %s, %s".formatted(group.words(outcome.goal()), reached, figure(outcome.ratio())));
      if (!outcome.isReached()) {
        whys.add(outcome.goal().why());
      }
    }
    words.addAll(whys);
    words.add(row.note());
    return words.stream().filter(one -> !one.isEmpty()).collect(Collectors.joining("; "));
  }

  /** Three significant digits; empty if there is no figure. */
  static String figure(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return "";
    }
    return Math.abs(value) >= 100
        ? "%.0f".formatted(value)
        : new BigDecimal(value).round(THREE_DIGITS).stripTrailingZeros().toPlainString();
  }

  Path write(Path directory, String name) throws IOException {
    JsonObject all = new JsonObject();
    facts.forEach(all::addProperty);
    JsonArray left = new JsonArray();
    leftOut.forEach(left::add);
    all.add("left_out", left);
    JsonArray rows = new JsonArray();
    for (Group group : groups) {
      group.rows.forEach(row -> rows.add(json(group, row)));
    }
    all.add("rows", rows);
    String text = new GsonBuilder().setPrettyPrinting().create().toJson(all);
    return Files.writeString(Files.createDirectories(directory).resolve(name), text + "\n");
  }

  private static JsonObject json(Group group, Row row) {
    JsonObject json = new JsonObject();
    json.addProperty("group", group.title);
    json.addProperty("row", row.name());
    json.addProperty("unit", group.unit.words);
    json.addProperty("median", row.median());
    json.addProperty("p99", row.p99());
    addRatio(json, "to_floor", group.ratio(row, group.floor));
    addRatio(json, "to_metakey", group.ratio(row, group.ours));
    JsonArray goals = new JsonArray();
    for (Outcome outcome : group.outcomes(row)) {
      JsonObject goal = new JsonObject();
      goal.addProperty("goal", group.words(outcome.goal()));
      goal.addProperty("ratio", outcome.ratio());
      goal.addProperty("reached", outcome.isReached());
      goals.add(goal);
    }
    json.add("goals", goals);
    return json;
  }

  /** JSON has no NaN. */
  private static void addRatio(JsonObject json, String name, double ratio) {
    if (!Double.isNaN(ratio)) {
      json.addProperty(name, ratio);
    }
  }
}
