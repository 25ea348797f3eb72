package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Retires every field of an owner, in one commit; a shared one is left to the others. What a loaded
 * program is linked to stays as it is. For admins.
 *
 * @param whose the owner; with an empty service, all claims of that uid, or all containers
 * @param now free the ids at once, also those of fields that are retired already
 */
public record ReleaseAll(Owner whose, boolean now) implements Command<ReleaseAll.Result> {
  /**
   * What became of the fields, by ascending id.
   *
   * @param released as they are now: retired, free, reserved again, or left to others
   * @param inUse what stays as it was, as loaded programs are linked to it
   */
  public record Result(List<Field> released, List<Field> inUse) {}

  @Override
  public Result decide(Draft draft) {
    draft.requireAdmin("release by owner");
    if (now) {
      Release.requireSeen(draft);
    }
    List<Field> released = new ArrayList<>();
    List<Field> inUse = new ArrayList<>();
    for (Field field : draft.snapshot().records()) {
      if (isMeant(field)) {
        List<Owner> rest = field.owners().stream().filter(owner -> !matches(owner)).toList();
        if (!rest.isEmpty()) {
          released.add(Release.leave(draft, field, rest));
        } else if (isInUse(draft.programs(), field)) {
          inUse.add(field);
        } else {
          released.add(release(draft, field));
        }
      }
    }
    if (released.isEmpty() && inUse.isEmpty()) {
      throw nothing();
    }
    return new Result(released, inUse);
  }

  private boolean isMeant(Field field) {
    return field.is(FieldState.ACTIVE)
        ? field.owners().stream().anyMatch(this::matches)
        : now
            && field.is(FieldState.RETIRED)
            && !field.owners().isEmpty()
            && field.owners().stream().allMatch(this::matches);
  }

  private boolean matches(Owner owner) {
    return whose.service().isEmpty()
        ? owner.kind() == whose.kind() && owner.uid() == whose.uid()
        : owner.equals(whose);
  }

  private boolean isInUse(Programs programs, Field field) {
    return now ? !programs.linkedTo(field.id()).isEmpty() : !programs.usersOf(field).isEmpty();
  }

  private Field release(Draft draft, Field field) {
    Field retired =
        field.is(FieldState.RETIRED) ? field : Release.retire(draft, field, ChangeKind.RELEASED);
    return now ? Tick.free(draft, retired) : retired;
  }

  private MetakeyException nothing() {
    String who =
        !whose.service().isEmpty()
            ? whose.toString()
            : whose.kind() == Owner.Kind.USER
                ? "uid " + Integer.toUnsignedString(whose.uid())
                : "any " + whose.kind();
    return new MetakeyException(
        Reason.NOT_FOUND,
        "nothing belongs to %s; 'metakey list' shows what belongs to whom".formatted(who),
        Map.of("owner", whose.word()));
  }
}
