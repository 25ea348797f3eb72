package dev.metakey.server.metrics;

import dev.metakey.model.Reason;
import dev.metakey.server.transport.CallMeter;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;

/** What is counted as it happens: calls, how long they took, and which rules denied them. */
final class Recorded implements CallMeter {
  /** Upper bounds, seconds: from what memory takes to what a hanging disk takes. */
  private static final double[] BOUNDS = {
    .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10
  };

  private static final double NS = 1e9;

  private final Counter requests;
  private final Histogram durations;
  private final Counter denials;
  private final Histogram queued;
  private final Histogram commits;
  private final Histogram syncs;

  Recorded(PrometheusRegistry registry) {
    requests =
        Counter.builder()
            .name("metakey_requests_total")
            .help(
                "Calls that have ended, by method and by OK, the reason of the refusal, CANCELLED, or another status of gRPC.")
            .labelNames("method", "result")
            .register(registry);
    durations =
        Histogram.builder()
            .name("metakey_request_duration_seconds")
            .help(
                "How long calls took, but for streams. That of Resolve includes what it waited for names.")
            .labelNames("method")
            .classicOnly()
            .classicUpperBounds(BOUNDS)
            .register(registry);
    denials =
        Counter.builder()
            .name("metakey_denials_total")
            .help(
                "Calls that a rule of the policy refused, by the rule and the right that it does not give.")
            .labelNames("rule", "right")
            .register(registry);
    queued =
        histogram(
            registry, "metakey_queue_wait_seconds", "How long calls waited for the writer's turn.");
    commits =
        histogram(
            registry,
            "metakey_commit_duration_seconds",
            "How long commits took; each carries the changes of up to 256 calls.");
    syncs =
        histogram(
            registry,
            "metakey_sync_duration_seconds",
            "How long the one sync of a commit took, that of the state copy.");
  }

  private static Histogram histogram(PrometheusRegistry registry, String name, String help) {
    return Histogram.builder()
        .name(name)
        .help(help)
        .classicOnly()
        .classicUpperBounds(BOUNDS)
        .register(registry);
  }

  /** Is told what calls waited for the writer, nanoseconds. */
  LongConsumer queued() {
    return ns -> queued.observe(ns / NS);
  }

  /** Is told what commits took, nanoseconds. */
  LongConsumer commits() {
    return ns -> commits.observe(ns / NS);
  }

  /** Is told what syncs took, nanoseconds. */
  LongConsumer syncs() {
    return ns -> syncs.observe(ns / NS);
  }

  @Override
  public void ended(
      String method, boolean streams, String result, Map<String, String> facts, long ns) {
    requests.labelValues(method, result).inc();
    if (!streams) {
      durations.labelValues(method).observe(ns / NS);
    }
    String rule = facts.get("rule");
    if (rule != null && result.equals(Reason.NOT_PERMITTED.name())) {
      denials.labelValues(rule, Objects.requireNonNullElse(facts.get("right"), "link")).inc();
    }
  }
}
