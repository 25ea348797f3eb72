package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import java.util.List;
import java.util.Map;

/**
 * Hands a field to another owner, who is then its only one: co-owners of a shared field join again
 * when they register again. A retired field stays retired, and its new owner may bring it back. For
 * admins. Idempotent.
 */
public record Transfer(String name, Owner to) implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME
   */
  public Transfer {
    Names.checkOwn(name);
  }

  @Override
  public Field decide(Draft draft) {
    draft.requireAdmin("transfer", name);
    Field field = draft.require(name);
    if (field.is(FieldState.RESERVED)) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s is only reserved (id %d): it belongs to nobody, and the first who registers it gets it"
              .formatted(name, field.id()),
          Map.of("name", name, "state", field.state().toString()));
    }
    if (field.owners().equals(List.of(to))) {
      return field;
    }
    Field handed = field.toBuilder().owners(List.of(to)).build();
    draft.change(ChangeKind.TRANSFERRED, field, handed);
    return handed;
  }
}
