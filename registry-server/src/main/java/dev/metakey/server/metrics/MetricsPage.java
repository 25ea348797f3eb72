package dev.metakey.server.metrics;

import dev.metakey.model.DaemonStatus;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.Snapshot;
import dev.metakey.server.transport.CallMeter;
import dev.metakey.server.transport.HttpAnswer;
import dev.metakey.server.transport.HttpPage;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** {@code /metrics}: everything in the text format of Prometheus, which every scraper takes. */
public final class MetricsPage implements HttpPage {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Recorded recorded = new Recorded(registry);
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();

  /**
   * @param statuses as {@code metakey status} tells
   * @param snapshots the committed state
   * @param watchLag how many revisions behind the slowest watcher is
   * @param changesPossible whether the daemon is ready
   */
  public MetricsPage(
      Supplier<DaemonStatus> statuses,
      Supplier<Snapshot> snapshots,
      LongSupplier watchLag,
      BooleanSupplier changesPossible) {
    registry.register(new RegistryMetrics(statuses, snapshots, watchLag, changesPossible));
    registry.register(new ProcessMetrics(Path.of("/proc/self")));
  }

  /** Shows how this host stands to its fleet, too. */
  public void fleet(Supplier<FleetStatus> status, Supplier<Map<String, Long>> claims) {
    registry.register(new FleetMetrics(status, claims));
  }

  /** Counts calls. */
  public CallMeter calls() {
    return recorded;
  }

  /** Is told what calls waited for the writer, nanoseconds. */
  public LongConsumer queued() {
    return recorded.queued();
  }

  /** Is told what commits took, nanoseconds. */
  public LongConsumer commits() {
    return recorded.commits();
  }

  /** Is told what syncs took, nanoseconds. */
  public LongConsumer syncs() {
    return recorded.syncs();
  }

  @Override
  public HttpAnswer get(String query) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      writer.write(text, registry.scrape(), EscapingScheme.DEFAULT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new HttpAnswer(200, writer.getContentType(), Map.of(), text.toByteArray());
  }
}
