package dev.metakey.bench;

import com.google.errorprone.annotations.FormatMethod;
import dev.metakey.bench.Latency.Kind;
import java.util.Map;

/** Prints the tables. */
final class Report {
  private Report() {}

  static void latencies(Map<Kind, Samples> samples) {
    line("%-38s %7s %9s %9s %9s %9s", "one caller", "calls", "p50 us", "p90 us", "p99 us", "per s");
    samples.forEach(
        (kind, s) ->
            line(
                "%-38s %7d %9.1f %9.1f %9.1f %9.0f",
                kind.words,
                s.size(),
                s.p50Us(),
                s.percentileUs(0.9),
                s.percentileUs(0.99),
                s.perSecond()));
    line("");
  }

  /**
   * @param rates calls a second: of one client, of many
   */
  static void rates(int clients, Map<String, double[]> rates) {
    line("%-38s %17s %9s", "calls per second, connections:", 1, clients);
    rates.forEach((what, rate) -> line("%-38s %17.0f %9.0f", what, rate[0], rate[1]));
    line("");
  }

  static void told(int watchers, Watchers.Told told) {
    line("%-38s %17s %9s %9s", "a change, watched by " + watchers, "p50 us", "p90 us", "p99 us");
    watch("until a watcher is told", told.each());
    watch("until the last one is told", told.last());
    line("");
  }

  private static void watch(String what, Samples s) {
    line("%-38s %17.0f %9.0f %9.0f", what, s.p50Us(), s.percentileUs(0.9), s.percentileUs(0.99));
  }

  static void goals() {
    line("%-48s %6s %9s  %s", "goal", "", "measured", "reached");
  }

  static void atMost(String what, double limit, double measured) {
    goal(what, "<=", limit, measured, measured <= limit);
  }

  static void atLeast(String what, double limit, double measured) {
    goal(what, ">=", limit, measured, measured >= limit);
  }

  private static void goal(String what, String sign, double limit, double measured, boolean met) {
    line("%-48s %s %4.2f %8.2f  %s", what, sign, limit, measured, met ? "yes" : "no");
  }

  @FormatMethod
  static void line(String format, Object... values) {
    System.out.println(format.formatted(values).stripTrailing());
  }
}
