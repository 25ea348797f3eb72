package dev.metakey.server.fleet;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Sharing;
import java.util.Map;
import java.util.function.Predicate;

/** Why a host does not claim a name. */
final class FleetLimits {
  /** So many names one service may have in a fleet. */
  static final int NAMES_OF_A_SERVICE = 16;

  /** So many names one host may have claimed for a fleet. */
  static final int NAMES_OF_A_HOST = 32;

  private FleetLimits() {}

  /**
   * @throws MetakeyException QUOTA_EXCEEDED
   */
  static void requireQuota(FleetView view, FieldSpec spec, String service, String registryId) {
    require(
        view,
        spec,
        NAMES_OF_A_SERVICE,
        "the service " + service,
        named -> named.field().service().equals(service));
    require(
        view,
        spec,
        NAMES_OF_A_HOST,
        "this host",
        named -> named.value().getRegistryId().equals(registryId));
  }

  private static void require(
      FleetView view, FieldSpec spec, int most, String who, Predicate<Named> whose) {
    long count = view.names().values().stream().filter(whose).count();
    if (count >= most) {
      throw new MetakeyException(
          Reason.QUOTA_EXCEEDED,
          "%s cannot be claimed for the fleet: %s has %d names there, and at most %d are allowed; release what is not needed"
              .formatted(spec.name(), who, count, most),
          Map.of(
              "name", spec.name(), "limit", Integer.toString(most), "used", Long.toString(count)));
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
