package dev.metakey.server;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.fleet.FleetAgent;
import dev.metakey.server.fleet.FleetException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Tells others of the fleet, and what they have it do. */
final class FleetOffice implements FleetDesk {
  private final FleetAgent agent;
  private final Engine engine;

  FleetOffice(FleetAgent agent, Engine engine) {
    this.agent = agent;
    this.engine = engine;
  }

  @Override
  public CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
    return agent.claim(specs, service);
  }

  @Override
  public FleetStatus status() {
    return agent.status().with(divergences().size(), problems());
  }

  @Override
  public Map<String, Long> claims() {
    return agent.claims();
  }

  /** What an admin should know; empty if all is well. */
  List<String> problems() {
    List<String> problems = new ArrayList<>(agent.problems());
    if (agent.status().joined()) {
      problems.addAll(divergences());
    }
    return problems;
  }

  /** {@code connected since ...}, or since when not and why. */
  String connection() {
    var now = agent.status();
    String since = Instant.ofEpochMilli(now.sinceMs()).toString();
    return now.connected()
        ? "connected since %s%s".formatted(since, now.why().isEmpty() ? "" : ", " + now.why())
        : "away since %s: %s".formatted(since, now.why());
  }

  private List<String> divergences() {
    return FleetPlan.divergences(engine.snapshot(), engine.rules().fleet());
  }

  @Override
  public List<FleetPlanLine> plan() {
    return agent.status().revision() == 0
        ? List.of() // nothing is known of the fleet
        : FleetPlan.of(engine.snapshot(), engine.rules().fleet());
  }

  @Override
  public CompletableFuture<List<FleetPlanLine>> join() {
    return asked(agent::join).thenApply(joined -> plan());
  }

  @Override
  public CompletableFuture<Integer> forget(String host) {
    return asked(() -> agent.forget(host));
  }

  @Override
  public CompletableFuture<List<FleetHost>> hosts() {
    return asked(agent::hosts);
  }

  @Override
  public CompletableFuture<String> export() {
    return asked(agent::export);
  }

  /** What cannot be asked now is away. */
  private <T> CompletableFuture<T> asked(Supplier<CompletableFuture<T>> question) {
    return question
        .get()
        .exceptionallyCompose(
            failure -> {
              Throwable cause =
                  failure instanceof CompletionException && failure.getCause() != null
                      ? failure.getCause()
                      : failure;
              return CompletableFuture.failedFuture(
                  cause instanceof FleetException away ? away(away) : cause);
            });
  }

  private MetakeyException away(FleetException e) {
    return new MetakeyException(
        Reason.FLEET_AWAY,
        "fleet %s cannot do that now: %s".formatted(engine.rules().fleet().name(), e.getMessage()),
        Map.of("fleet", engine.rules().fleet().name()),
        e);
  }
}
