package dev.metakey.server.domain;

import dev.metakey.model.Blocker;
import dev.metakey.model.Blocker.Kind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Peer;
import dev.metakey.model.Reservation;
import java.util.ArrayList;
import java.util.List;

/**
 * Says what keeps an id from being free, and until when: the rules of {@link Tick} and {@link Ids}
 * in words.
 */
public final class Blockers {
  private Blockers() {}

  /**
   * What keeps a retired field's id from being free, and one that is reserved or free from being
   * given to another name. Empty if nothing does, and for an active field.
   *
   * @param to who is told: only admins and the field's owners are told which programs there are
   */
  public static List<Blocker> of(RegistryState state, Rules rules, Field field, Peer to, Now now) {
    List<Blocker> found = new ArrayList<>();
    if (field.is(FieldState.ACTIVE) || field.is(FieldState.WELL_KNOWN)) {
      return found;
    }
    Programs programs = state.programs();
    if (field.is(FieldState.RETIRED)) {
      addWaiting(found, programs, rules, field, now);
    }
    List<LoadedProgram> linked = programs.linkedTo(field.id());
    if (!linked.isEmpty()) {
      boolean isTold = field.owners().contains(to.owner()) || rules.isAdmin(to);
      found.add(linked(linked, isTold));
    }
    Reservation reservation = field.reservation();
    if (reservation != null) {
      found.add(
          blocker(
              Kind.RESERVATION,
              "%s is reserved by %s, and nobody else gets the id before that has ended"
                  .formatted(field.name(), reservation.by())));
    }
    if (field.is(FieldState.RETIRED) && !rules.readOnly().isEmpty()) {
      found.add(blocker(Kind.READ_ONLY, "nothing is freed now: " + rules.readOnly()));
    }
    return found;
  }

  /** Adds the quarantine or, once that is over, the look that has not come since. */
  private static void addWaiting(
      List<Blocker> found, Programs programs, Rules rules, Field field, Now now) {
    long endMs = Tick.quarantineEndMs(field, rules);
    if (endMs > now.ageMs()) {
      found.add(
          new Blocker(
              Kind.QUARANTINE,
              now.atMs() + endMs - now.ageMs(),
              List.of(),
              "it is quarantined after its release; a reboot of the host ends that, too"));
    }
    if (!programs.areSeen()) {
      found.add(
          blocker(
              Kind.UNSEEN,
              "loaded programs cannot be seen (%s), so the id is not free before the host has rebooted or metakeyd was started with --nothing-loaded"
                  .formatted(
                      programs.blindness().isEmpty() ? "nobody looked" : programs.blindness())));
    } else if (endMs <= now.ageMs() && programs.seenAgeMs() < endMs) {
      found.add(
          blocker(
              Kind.UNSEEN,
              "its quarantine is over, and the next look at loaded programs has to show that none is linked to it"));
    }
  }

  private static Blocker linked(List<LoadedProgram> programs, boolean isTold) {
    boolean isOne = programs.size() == 1;
    String which =
        isTold
            ? Refusals.describe(programs)
            : "%d loaded program%s".formatted(programs.size(), isOne ? "" : "s");
    return new Blocker(
        Kind.PROGRAMS,
        0,
        programs.stream()
            .filter(program -> isTold)
            .limit(Refusals.MOST_LISTED)
            .map(LoadedProgram::id)
            .toList(),
        "%s %s linked to it; nobody else gets the id before %s unloaded"
            .formatted(which, isOne ? "is" : "are", isOne ? "it is" : "they are"));
  }

  private static Blocker blocker(Kind kind, String text) {
    return new Blocker(kind, 0, List.of(), text);
  }
}
