package dev.metakey.server.transport;

import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Blockers;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Orphans;
import dev.metakey.server.domain.PolicyRule;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Right;
import dev.metakey.server.engine.Engine;
import dev.metakey.v1.GetResponse;
import dev.metakey.v1.ListOrphansRequest;
import dev.metakey.v1.ListOrphansResponse;
import dev.metakey.wire.Requests;
import dev.metakey.wire.Wire;
import java.time.Duration;

/** What the daemon knows of fields besides their records: blockers, uses, orphans. */
final class FieldReports {
  private static final long MAX_UNUSED_MS = Duration.ofDays(366).toMillis();

  private final Engine engine;
  private final OwnerLook owners;

  FieldReports(Engine engine, OwnerLook owners) {
    this.engine = engine;
    this.owners = owners;
  }

  GetResponse of(RegistryState state, Field field, Peer caller) {
    Now now = engine.now();
    GetResponse.Builder report =
        GetResponse.newBuilder()
            .setRegistry(Wire.info(state.snapshot().info()))
            .setField(Wire.field(field))
            .addAllBlockers(
                Blockers.of(state, engine.rules(), field, caller, now).stream()
                    .map(Wire::blocker)
                    .toList());
    if (field.is(FieldState.ACTIVE)) {
      long lastUsedMs = Orphans.lastUsedMs(engine.uses().read(), field, now);
      report.setLastUsed(Timestamps.fromMillis(lastUsedMs));
    }
    return report.build();
  }

  /**
   * Looks at files, so no event loop may call it.
   *
   * @throws MetakeyException INVALID_REQUEST
   */
  ListOrphansResponse orphans(ListOrphansRequest request, Peer caller) {
    long unusedMs =
        request.hasUnusedFor()
            ? Requests.millis(request.getUnusedFor(), "unused_for")
            : Orphans.UNUSED_FOR_MS;
    if (unusedMs < 0 || unusedMs > MAX_UNUSED_MS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "unused for %d ms: allowed are 0 to 366 days".formatted(unusedMs));
    }
    RegistryState state = engine.state();
    PolicyRule rule = engine.rules().ruleFor(caller);
    return ListOrphansResponse.newBuilder()
        .setRegistry(Wire.info(state.snapshot().info()))
        .addAllOrphans(
            Orphans.of(state, engine.uses().read(), owners::stateOf, engine.now(), unusedMs)
                .stream()
                .filter(orphan -> rule.allows(Right.READ, orphan.field().name()))
                .map(Wire::orphan)
                .toList())
        .build();
  }
}
