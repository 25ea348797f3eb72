package dev.metakey.server.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.Map;

/** The families of one scrape, each with its values. */
final class Families {
  private final MetricSnapshots.Builder all = MetricSnapshots.builder();

  /** A number that goes up and down. */
  Families gauge(String name, String help, double value) {
    all.metricSnapshot(
        GaugeSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(point(value, Labels.EMPTY))
            .build());
    return this;
  }

  /** A count, which is exact up to 2^53. */
  Families gauge(String name, String help, long value) {
    return gauge(name, help, (double) value);
  }

  /** 1 if it is so, else 0. */
  Families gauge(String name, String help, boolean value) {
    return gauge(name, help, value ? 1.0 : 0.0);
  }

  /** A number for each value of a label. */
  Families gauge(String name, String help, String label, Map<String, ? extends Number> values) {
    GaugeSnapshot.Builder family = GaugeSnapshot.builder().name(name).help(help);
    values.forEach(
        (word, value) -> family.dataPoint(point(value.doubleValue(), Labels.of(label, word))));
    all.metricSnapshot(family.build());
    return this;
  }

  /** A number that only grows. */
  Families counter(String name, String help, double value) {
    all.metricSnapshot(
        CounterSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(CounterDataPointSnapshot.builder().value(value).build())
            .build());
    return this;
  }

  /** A number that only grows, for each value of a label; the name is without {@code _total}. */
  Families counter(String name, String help, String label, Map<String, ? extends Number> values) {
    CounterSnapshot.Builder family = CounterSnapshot.builder().name(name).help(help);
    values.forEach(
        (word, value) ->
            family.dataPoint(
                CounterDataPointSnapshot.builder()
                    .value(value.doubleValue())
                    .labels(Labels.of(label, word))
                    .build()));
    all.metricSnapshot(family.build());
    return this;
  }

  /**
   * Words, as labels of the value 1; the name is without {@code _info}.
   *
   * @param labels names and values in turn
   */
  Families info(String name, String help, String... labels) {
    all.metricSnapshot(
        InfoSnapshot.builder()
            .name(name)
            .help(help)
            .dataPoint(InfoDataPointSnapshot.builder().labels(Labels.of(labels)).build())
            .build());
    return this;
  }

  MetricSnapshots build() {
    return all.build();
  }

  private static GaugeDataPointSnapshot point(double value, Labels labels) {
    return GaugeDataPointSnapshot.builder().value(value).labels(labels).build();
  }
}
