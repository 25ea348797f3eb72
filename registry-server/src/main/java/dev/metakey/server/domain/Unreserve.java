package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import java.util.Map;

/**
 * Unties a name from its id. For admins. What is registered stays. A name that resolved because it
 * was foreign is retired, as programs may use it; one that nobody could resolve is free at once.
 */
public record Unreserve(String name) implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME
   */
  public Unreserve {
    Names.checkOwn(name);
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("unreserve", name);
    Field field = draft.require(name);
    if (field.reservation() == null) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s is %s but not reserved: there is nothing to take back".formatted(name, field.state()),
          Map.of("name", name, "state", field.state().toString()));
    }
    Field untied = field.toBuilder().reservation(null).build();
    if (field.isForeign() && !field.is(FieldState.ACTIVE)) {
      untied = untied.toBuilder().state(FieldState.RETIRED).retired(draft.stamp()).build();
    }
    if (!untied.is(FieldState.RESERVED)) {
      draft.change(ChangeKind.UNRESERVED, field, untied);
      return untied;
    }
    Field free = untied.toBuilder().state(FieldState.FREE).slot(0).retired(draft.stamp()).build();
    draft.change(ChangeKind.UNRESERVED, field, field.generation() == 0 ? null : free);
    return free;
  }
}
