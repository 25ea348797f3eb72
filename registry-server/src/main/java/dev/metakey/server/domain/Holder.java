package dev.metakey.server.domain;

import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who a quota is about. A field counts for the first of its owners, until its id is free: so nobody
 * has more by releasing what they have.
 *
 * @param owner a unit, an admin's service, or a uid, or all containers with a user namespace of
 *     their own, whatever they claim to be
 */
record Holder(Owner owner) {
  /** The holder that a caller is. */
  private static Holder of(Draft draft) {
    return new Holder(draft.isBornAdmin() ? draft.caller() : kind(draft.caller()));
  }

  /**
   * What counts as one holder: a unit, a uid, or all containers with a user namespace of their own.
   */
  static Owner kind(Owner owner) {
    return owner.kind() == Owner.Kind.UNIT ? owner : new Owner(owner.kind(), owner.uid(), "");
  }

  private boolean holds(Field field) {
    if (field.is(FieldState.FREE) || field.owners().isEmpty()) {
      return false;
    }
    Owner first = field.owners().get(0);
    return owner.service().isEmpty() ? kind(first).equals(owner) : first.equals(owner);
  }

  /**
   * Refuses the caller a field more than its quota allows.
   *
   * @param known the field as it is; null if there is none yet
   * @throws MetakeyException QUOTA_EXCEEDED
   */
  static void requireQuota(Draft draft, FieldSpec wanted, @Nullable Field known) {
    Holder holder = of(draft);
    if (known != null && holder.holds(known)) {
      return;
    }
    String name = wanted.name();
    PolicyRule rule = draft.rules().policy().ruleFor(draft.peer());
    List<Field> held = draft.snapshot().records().stream().filter(holder::holds).toList();
    int ids = rule.quota().ids();
    if (held.size() + 1 > ids) {
      throw holder.exceeded(rule, name, held.size(), ids, "ids", "ids");
    }
    int inAll = draft.snapshot().info().slotBytes();
    int limit = rule.quota().slotBytes(inAll);
    int used = held.stream().filter(f -> f.slot() != 0).mapToInt(Field::size).sum();
    if (inAll > 0 && used + wanted.size() > limit) {
      throw holder.exceeded(rule, name, used, limit, "bytes for slots", "slot_bytes");
    }
  }

  private MetakeyException exceeded(
      PolicyRule rule, String name, int used, int limit, String what, String key) {
    return new MetakeyException(
        Reason.QUOTA_EXCEEDED,
        "%s is too much: %s has %d %s already (retired ones count until they are free), and %s allows it %d. Release what is not needed; or let an admin raise '%s' in the policy"
            .formatted(name, text(), used, what, rule, limit, key),
        Map.of(
            "name", name,
            "limit", Integer.toString(limit),
            "used", Integer.toString(used),
            "rule", rule.toString(),
            "holders", text()));
  }

  /** {@code edge.service}, {@code uid 1000} or {@code containers}. */
  String text() {
    if (!owner.service().isEmpty()) {
      return owner.toString();
    }
    return owner.kind() == Owner.Kind.USER
        ? "uid " + Integer.toUnsignedString(owner.uid())
        : "containers";
  }
}
