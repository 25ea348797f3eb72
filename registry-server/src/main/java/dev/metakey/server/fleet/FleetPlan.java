package dev.metakey.server.fleet;

import dev.metakey.model.Field;
import java.util.BitSet;
import java.util.List;
import java.util.Map;

/**
 * What joining means for the names that a host has already.
 *
 * @param verdict {@link #AGREES}, {@link #CLAIM} or why it conflicts
 * @param wayOut what an admin does about a conflict; empty if there is none
 */
public record FleetPlan(Field field, String verdict, String wayOut) {
  public static final String AGREES = "agrees";
  public static final String CLAIM = "would be claimed";

  static List<FleetPlan> of(List<Field> own, FleetView view) {
    return own.stream()
        .map(field -> new FleetPlan(field, verdict(field, view), wayOut(field, view)))
        .toList();
  }

  public boolean agrees() {
    return verdict.equals(AGREES) || verdict.equals(CLAIM);
  }

  private static String wayOut(Field field, FleetView view) {
    String verdict = verdict(field, view);
    Named named = view.names().get(field.name());
    if (verdict.equals(AGREES) || verdict.equals(CLAIM)) {
      return "";
    }
    if (named != null && named.field().spec().size() != field.size()) {
      return "as its size is another, release it here ('metakey release %s --now'), or there"
          .formatted(field.name());
    }
    return named == null
        ? "'metakey fleet adopt %s' has the fleet give it another place and moves it there, or release it ('metakey release %1$s --now')"
            .formatted(field.name())
        : "'metakey fleet adopt %s' moves it, or release it ('metakey release %1$s --now')"
            .formatted(field.name());
  }

  static String verdict(Field field, FleetView view) {
    Named named = view.names().get(field.name());
    if (named != null) {
      return Membership.isAt(field, named)
          ? AGREES
          : "the fleet has it with id %d in slot %d, size %d"
              .formatted(named.field().id(), named.field().slot(), named.field().spec().size());
    }
    int id = field.id();
    if (id < view.facts().firstId() || id > view.facts().lastId()) {
      return "its id %d is none that the fleet hands out (%d-%d)"
          .formatted(id, view.facts().firstId(), view.facts().lastId());
    }
    if (!view.facts().hasSlot(field.slot(), field.size())) {
      return "the fleet's layout has no slot %d for it".formatted(field.slot());
    }
    BitSet wanted = new BitSet();
    if (field.slot() > 0) {
      wanted.set(field.slot() - field.size() + 1, field.slot() + 1);
    }
    for (Map.Entry<String, Named> each : view.names().entrySet()) {
      BitSet bytes = new BitSet();
      FleetView.mark(bytes, each.getValue());
      if (each.getValue().field().id() == id) {
        return "in the fleet its id %d is that of %s".formatted(id, each.getKey());
      }
      if (bytes.intersects(wanted)) {
        return "in the fleet %s has its slot %d".formatted(each.getKey(), field.slot());
      }
    }
    return CLAIM;
  }
}
