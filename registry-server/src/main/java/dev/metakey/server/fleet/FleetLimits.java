package dev.metakey.server.fleet;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Why a host does not claim a name. */
final class FleetLimits {
  private FleetLimits() {}

  /**
   * @throws MetakeyException QUOTA_EXCEEDED
   */
  static void requireQuota(
      FleetSettings settings,
      FleetView view,
      FieldSpec spec,
      String service,
      String registryId,
      Predicate<Named> isOver) {
    require(
        spec,
        view.count(named -> named.field().service().equals(service), isOver),
        settings.serviceNames(),
        "the service " + service,
        "names_per_service");
    require(
        spec,
        quota(settings, view, registryId, isOver).hostNames(),
        settings.hostNames(),
        "this host",
        "names_per_host");
  }

  /** How many names of the fleet this host has claimed, and may have claimed. */
  static FleetStatus.Quota quota(
      FleetSettings settings,
      @Nullable FleetView view,
      String registryId,
      Predicate<Named> isOver) {
    int count =
        view == null
            ? 0
            : view.count(named -> named.value().getRegistryId().equals(registryId), isOver);
    return new FleetStatus.Quota(count, settings.hostNames(), settings.serviceNames());
  }

  private static void require(FieldSpec spec, int count, int most, String who, String key) {
    if (count >= most) {
      throw new MetakeyException(
          Reason.QUOTA_EXCEEDED,
          "%s cannot be claimed for the fleet: %s has claimed %d names there ('metakey fleet list' shows them), and at most %d are allowed; release what is not needed, or raise '%s' in the section 'fleet' of the config"
              .formatted(spec.name(), who, count, most, key),
          Map.of(
              "name",
              spec.name(),
              "limit",
              Integer.toString(most),
              "used",
              Integer.toString(count)));
    }
  }

  /** NO_FREE_ID or NO_FREE_SLOT. */
  static MetakeyException noRoom(FleetView view, FieldSpec spec, String fleet) {
    int ids = view.facts().lastId() - view.facts().firstId() + 1;
    boolean isFull = view.names().size() >= ids;
    String what =
        isFull
            ? "no id is left for %s in the fleet %s: all %d are taken"
                .formatted(spec.name(), fleet, ids)
            : "no id and slot are left for %s (%d bytes) in the fleet %s that are free on this host, too"
                .formatted(spec.name(), spec.size(), fleet);
    return new MetakeyException(
        isFull ? Reason.NO_FREE_ID : Reason.NO_FREE_SLOT,
        what + "; names that no host holds make room after their quarantine",
        Map.of("name", spec.name(), "limit", Integer.toString(ids)));
  }

  /**
   * A name that no host holds is brought back by who had it, as on one host.
   *
   * @throws MetakeyException MISMATCH or OWNED_BY_OTHER
   */
  static void requireSame(Named retired, FieldSpec spec, String service) {
    FieldSpec known = retired.field().spec();
    if (known.size() != spec.size() || known.merge() != spec.merge()) {
      throw new MetakeyException(
          Reason.MISMATCH,
          "%s has size %d and merge %s in the fleet, not size %d and merge %s; no host holds it, so it is forgotten when its place is needed after its quarantine"
              .formatted(spec.name(), known.size(), known.merge(), spec.size(), spec.merge()),
          Map.of("name", spec.name()));
    }
    boolean isShared = known.sharing() == Sharing.SHARED && spec.sharing() == Sharing.SHARED;
    if (!isShared && !retired.field().service().equals(service)) {
      throw new MetakeyException(
          Reason.OWNED_BY_OTHER,
          "%s belongs to %s in the fleet; no host holds it, so it is forgotten when its place is needed after its quarantine"
              .formatted(spec.name(), retired.field().service()),
          Map.of("name", spec.name(), "owner", retired.field().service()));
    }
  }
}
