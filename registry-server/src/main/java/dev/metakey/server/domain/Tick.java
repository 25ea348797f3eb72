package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Stamp;
import java.util.List;

/**
 * Time has passed: fields whose ttl ran out are retired, and ids whose quarantine is over are
 * freed, unless a loaded program is linked to them. Only a look that began after the quarantine
 * ended can tell whether one is: so the last look, not the time, decides when an id is freed.
 */
public record Tick() implements Command<Integer> {
  /** Whether a tick at that age would change anything. */
  public static boolean isDue(RegistryState state, Rules rules, long ageMs) {
    for (Field field : state.snapshot().records()) { // each turn of the writer asks
      if (isExpired(field, ageMs) || isUnused(field, state.programs(), rules)) {
        return true;
      }
    }
    return false;
  }

  /** When the next ttl runs out: the registry's age, milliseconds; Long.MAX_VALUE for never. */
  public static long nextExpiryMs(Snapshot snapshot) {
    long nextMs = Long.MAX_VALUE;
    for (Field field : snapshot.records()) { // each turn of the writer asks
      if (field.is(FieldState.ACTIVE) && field.expiresAgeMs() != 0) {
        nextMs = Math.min(nextMs, field.expiresAgeMs());
      }
    }
    return nextMs;
  }

  /**
   * When the next quarantine ends: the registry's age, milliseconds; Long.MAX_VALUE for never.
   *
   * @param afterMs an age; only those that end later than this
   */
  public static long nextQuarantineEndMs(Snapshot snapshot, Rules rules, long afterMs) {
    return snapshot.records().stream()
        .filter(field -> field.is(FieldState.RETIRED))
        .mapToLong(field -> quarantineEndMs(field, rules))
        .filter(endMs -> endMs > afterMs)
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** The retired fields whose quarantine is over and ended after the last look at the kernel. */
  public static List<Field> waitingForALook(
      Snapshot snapshot, Programs programs, Rules rules, long ageMs) {
    return snapshot.records().stream()
        .filter(field -> field.is(FieldState.RETIRED))
        .filter(field -> quarantineEndMs(field, rules) <= ageMs)
        .filter(field -> quarantineEndMs(field, rules) > programs.seenAgeMs())
        .toList();
  }

  @Override
  public Integer decide(Draft draft) {
    for (Field field : draft.snapshot().records()) {
      if (isExpired(field, draft.ageMs())) {
        Release.retire(draft, field, ChangeKind.EXPIRED);
      } else if (isUnused(field, draft.programs(), draft.rules())) {
        var unused = free(draft, field);
      }
    }
    return draft.changes().size();
  }

  private static boolean isExpired(Field field, long ageMs) {
    return field.is(FieldState.ACTIVE)
        && field.expiresAgeMs() != 0
        && field.expiresAgeMs() <= ageMs;
  }

  private static boolean isUnused(Field field, Programs programs, Rules rules) {
    return field.is(FieldState.RETIRED)
        && programs.seenAgeMs() >= quarantineEndMs(field, rules)
        && programs.linkedTo(field.id()).isEmpty();
  }

  /** The registry's age when a retired field's quarantine ends, milliseconds. */
  static long quarantineEndMs(Field field, Rules rules) {
    return field.retired().ageMs() + rules.quarantineMs();
  }

  /** Frees the id for any name; if its name is reserved, it waits for that name again. */
  static Field free(Draft draft, Field field) {
    Field free =
        field.reservation() == null
            ? field.toBuilder().state(FieldState.FREE).slot(0).build()
            : field.toBuilder()
                .state(FieldState.RESERVED)
                .owners(List.of())
                .retired(Stamp.NONE)
                .build();
    draft.change(ChangeKind.FREED, field, free);
    return free;
  }
}
