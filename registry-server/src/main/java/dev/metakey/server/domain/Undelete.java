package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Reason;
import dev.metakey.model.Stamp;
import java.util.Map;

/** Brings a retired field back, as it was. For admins; an owner registers it again instead. */
public record Undelete(String name) implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME
   */
  public Undelete {
    Names.checkOwn(name);
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("undelete", name);
    Field field = draft.require(name);
    if (!field.is(FieldState.RETIRED)) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s is %s, not retired: there is nothing to bring back".formatted(name, field.state()),
          Map.of("name", name, "state", field.state().toString()));
    }
    if (field.owners().isEmpty()) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s was only reserved, and nobody had registered it; reserve it again".formatted(name),
          Map.of("name", name, "state", field.state().toString()));
    }
    Field restored =
        draft.withExpiry(field.toBuilder().state(FieldState.ACTIVE).retired(Stamp.NONE).build());
    draft.change(ChangeKind.RESTORED, field, restored);
    return restored;
  }
}
