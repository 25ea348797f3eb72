package dev.metakey.server.transport;

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
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.FleetField;
import dev.metakey.server.domain.Prefixes;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.FleetDesk;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** A fleet that gives each name id 17, until it is away. */
final class FakeDesk implements FleetDesk {
  static final FleetPlanLine LINE =
      new FleetPlanLine("edge.hop", 3, 24, false, "in the fleet its id 3 is that of edge.zone");

  volatile boolean away;
  private final Engine engine;
  private final List<FleetEvent> events = new CopyOnWriteArrayList<>();

  FakeDesk(Engine engine) {
    this.engine = engine;
  }

  /** What the fleet has. */
  void know(FleetField... fields) {
    Map<String, FleetField> byName =
        fields.length == 0 ? Map.of() : Map.of(fields[0].name(), fields[0]);
    engine.take(
        new Fleet("prod", new Prefixes(false, List.of("edge")), 0, 47, true, false, false, byName));
  }

  private <T> CompletableFuture<T> answer(T value) {
    return away
        ? CompletableFuture.failedFuture(new MetakeyException(Reason.FLEET_AWAY, "away"))
        : CompletableFuture.completedFuture(value);
  }

  @Override
  public CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
    if (!away) {
      know(new FleetField(specs.get(0), 17, 64, service, 1, false));
    }
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public FleetStatus status() {
    return new FleetStatus(
        "prod",
        true,
        !away,
        1,
        "",
        7,
        0,
        47,
        "edge",
        1,
        1,
        0,
        new FleetStatus.Quota(1, 32, 16),
        List.of("a problem"));
  }

  @Override
  public Map<String, Long> claims() {
    return Map.of();
  }

  @Override
  public List<FleetPlanLine> plan() {
    return List.of(LINE);
  }

  @Override
  public CompletableFuture<List<FleetPlanLine>> join() {
    return answer(plan());
  }

  @Override
  public CompletableFuture<Integer> forget(String host, Peer peer) {
    return answer(host.equals("host-17") ? 1 : host.equals("twins") ? 2 : 0);
  }

  @Override
  public void adopted(Field field, Peer peer) {
    note(FleetEventKind.FLEET_ADOPTED, field.name(), peer);
  }

  void note(FleetEventKind kind, String name, Peer peer) {
    long revision = engine.snapshot().info().revision();
    events.add(new FleetEvent(revision, 1, kind, name, 17, 64, "edge", "", "", peer));
  }

  @Override
  public List<FleetEvent> events() {
    return events;
  }

  @Override
  public CompletableFuture<List<FleetHost>> hosts() {
    return answer(List.of(new FleetHost("host-17", "id", "1.0", 1)));
  }

  @Override
  public CompletableFuture<String> export() {
    return answer("{}");
  }
}
