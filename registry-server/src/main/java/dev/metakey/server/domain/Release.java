package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * Retires a field, for its owner or an admin. An owner of a shared field leaves it; the last one
 * retires it. A field that a loaded program is linked to is not retired, unless an admin forces it.
 *
 * @param generation retire the field only if it has this generation; 0 stands for any
 * @param force retire it although programs use it; for admins
 * @param now free its id at once, even if the field has several owners or is already retired;
 *     refused unless the kernel shows that no loaded program is linked to it; for admins
 */
public record Release(String name, int generation, boolean force, boolean now)
    implements Command<Field> {
  /**
   * @throws MetakeyException INVALID_NAME or INVALID_REQUEST
   */
  public Release {
    Names.checkOwn(name);
    if (generation < 0) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST, "generation %d: generations count from 1".formatted(generation));
    }
    if (force && now) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "release takes force or now, not both: an id that programs use cannot be free at once");
    }
  }

  /** A release that is not forced and does not free the id. */
  public Release(String name, int generation) {
    this(name, generation, false, false);
  }

  @Override
  public Field decide(Draft draft) {
    Field field = require(draft);
    if (now) {
      requireSeen(draft);
      return freeNow(draft, field);
    }
    if (leaves(draft, field)) {
      return leave(draft, field);
    }
    List<LoadedProgram> users = draft.programs().usersOf(field);
    if (!users.isEmpty() && !force) {
      throw Refusals.inUse(field, users);
    }
    return retire(draft, field, users.isEmpty() ? ChangeKind.RELEASED : ChangeKind.FORCED);
  }

  /** Whether the caller only leaves the field to others, whatever is loaded. */
  boolean leaves(Draft draft, Field field) {
    return !now && field.owners().size() > 1 && field.owners().contains(draft.caller());
  }

  /** The field, if the caller may release it as far as that does not depend on what is loaded. */
  Field require(Draft draft) {
    if (force || now) {
      draft.requireAdmin(force ? "release with force" : "release with now", name);
    }
    Field field = draft.require(name);
    if (!now || !field.is(FieldState.RETIRED)) {
      requireActive(field);
    }
    if (generation != 0 && generation != field.generation()) {
      throw new MetakeyException(
          Reason.WRONG_GENERATION,
          "%s has generation %d, not %d: the field that you knew is gone; nothing was released"
              .formatted(name, field.generation(), generation),
          Map.of("name", name, "generation", Integer.toString(field.generation())));
    }
    boolean isOwner = field.owners().contains(draft.caller());
    if (!isOwner && !draft.isAdmin(name)) {
      throw new MetakeyException(
          Reason.NOT_PERMITTED,
          "%s belongs to %s; you are %s. Its owner or an admin may release it"
              .formatted(
                  name,
                  field.owners().isEmpty() ? "nobody yet" : Refusals.owners(field),
                  draft.caller()),
          Map.of("name", name, "owner", Refusals.owners(field)));
    }
    draft.rules().require(draft.peer(), Right.RELEASE, List.of(name));
    return field;
  }

  /**
   * @throws MetakeyException IN_USE if it cannot be known what is linked to an id
   */
  static void requireSeen(Draft draft) {
    if (!draft.programs().areSeen()) {
      throw Refusals.unseen(draft.programs());
    }
  }

  private static Field freeNow(Draft draft, Field field) {
    List<LoadedProgram> users = draft.programs().linkedTo(field.id());
    if (!users.isEmpty()) {
      throw Refusals.inUse(field, users);
    }
    Field retired =
        field.is(FieldState.RETIRED) ? field : retire(draft, field, ChangeKind.RELEASED);
    return Tick.free(draft, retired);
  }

  static Field leave(Draft draft, Field field) {
    List<Owner> rest =
        field.owners().stream().filter(owner -> !owner.equals(draft.caller())).toList();
    return leave(draft, field, rest);
  }

  static Field leave(Draft draft, Field field, List<Owner> rest) {
    Field left = field.toBuilder().owners(rest).build();
    draft.change(ChangeKind.LEFT, field, left);
    return left;
  }

  static Field retire(Draft draft, Field field, ChangeKind kind) {
    Field retired =
        field.toBuilder()
            .state(FieldState.RETIRED)
            .retired(draft.stamp())
            .expiresAtMs(0)
            .expiresAgeMs(0)
            .build();
    draft.change(kind, field, retired);
    return retired;
  }

  private void requireActive(Field field) {
    if (field.is(FieldState.RETIRED)) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s was released already, at %s; registering it again brings it back with id %d"
              .formatted(name, Instant.ofEpochMilli(field.retired().atMs()), field.id()),
          Map.of("name", name, "state", field.state().toString()));
    }
    if (field.is(FieldState.RESERVED)) {
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s is only reserved (id %d) and nobody registered it; an admin may unreserve it"
              .formatted(name, field.id()),
          Map.of("name", name, "state", field.state().toString()));
    }
  }
}
