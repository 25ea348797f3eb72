package dev.metakey.server;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetEvent;
import dev.metakey.model.FleetEventKind;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetPlanLine;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.config.Config;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.FleetPlan;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import dev.metakey.server.fleet.FleetAgent;
import dev.metakey.server.fleet.FleetException;
import dev.metakey.server.fleet.FleetNews;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Tells others of the fleet, and what they have it do. */
final class FleetOffice implements FleetDesk {
  private static final int PATIENCE_S = 5;

  private final FleetAgent agent;
  private final Engine engine;
  private final FleetJournal journal;
  private final Config.Fleet started;

  /**
   * The rules know the fleet from now on.
   *
   * @param self the peer in whose name the daemon itself acts
   */
  FleetOffice(Config.Fleet wanted, Config config, Engine engine, Peer self) {
    Path data = config.paths().data();
    this.engine = engine;
    this.started = wanted;
    this.journal = new FleetJournal(data.resolve("fleet-history"), config.history().journal());
    this.agent = FleetSide.agent(wanted, data, engine, news -> journal.note(news, engine, self));
  }

  FleetAgent agent() {
    return agent;
  }

  /**
   * Has the fleet reached as the config says now, also where only the files have changed that it
   * names. While etcd answers, what it does not take changes nothing.
   *
   * @return what an admin should know; empty if all was taken on
   */
  String take(Config.Fleet wanted) {
    try {
      return FleetSide.take(agent, wanted.keeping(started)).get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return "the fleet is asked with what the config says now, and has not answered within %d s; 'metakey fleet status' shows what becomes of that"
          .formatted(PATIENCE_S);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    } catch (ExecutionException e) {
      throw new IllegalStateException(e); // a defect, which the agent has reported
    }
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
    if (!journal.problem().isEmpty()) {
      problems.add(journal.problem());
    }
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
  public CompletableFuture<Integer> forget(String host, Peer peer) {
    return asked(() -> agent.forget(host))
        .thenApply(
            found -> {
              if (found == 1) {
                note(new FleetNews(FleetEventKind.FLEET_FORGOT, "", -1, 0, "", host, ""), peer);
              }
              return found;
            });
  }

  @Override
  public void adopted(Field field, Peer peer) {
    note(
        new FleetNews(
            FleetEventKind.FLEET_ADOPTED,
            field.name(),
            field.id(),
            field.slot(),
            FleetField.serviceOf(field),
            "",
            ""),
        peer);
  }

  private void note(FleetNews news, Peer peer) {
    journal.note(List.of(news), engine, peer);
  }

  @Override
  public List<FleetEvent> events() {
    return journal.events();
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
