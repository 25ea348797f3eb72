package dev.metakey.server.domain;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldState;
import dev.metakey.model.Stamp;
import java.util.List;

/**
 * Time has passed: fields whose ttl ran out are retired, ids whose quarantine is over are freed.
 */
public record Tick() implements Command<Integer> {
  /** Whether a tick at {@code nowMs} would change anything. */
  public static boolean isDue(RegistryState state, Rules rules, long nowMs) {
    return state.snapshot().records().stream()
        .anyMatch(field -> isExpired(field, nowMs) || isQuarantineOver(field, rules, nowMs));
  }

  @Override
  public Integer decide(Draft draft) {
    for (Field field : draft.snapshot().records()) {
      if (isExpired(field, draft.nowMs())) {
        Release.retire(draft, field, ChangeKind.EXPIRED);
      } else if (isQuarantineOver(field, draft.rules(), draft.nowMs())) {
        free(draft, field);
      }
    }
    return draft.changes().size();
  }

  private static boolean isExpired(Field field, long nowMs) {
    return field.is(FieldState.ACTIVE) && field.expiresAtMs() != 0 && field.expiresAtMs() <= nowMs;
  }

  private static boolean isQuarantineOver(Field field, Rules rules, long nowMs) {
    return field.is(FieldState.RETIRED) && nowMs - field.retired().atMs() >= rules.quarantineMs();
  }

  /** The id may be given away; or waits for its name again, where that is reserved. */
  static void free(Draft draft, Field field) {
    Field free =
        field.reservation() == null
            ? field.toBuilder().state(FieldState.FREE).slot(0).build()
            : field.toBuilder()
                .state(FieldState.RESERVED)
                .owners(List.of())
                .retired(Stamp.NONE)
                .build();
    draft.change(ChangeKind.FREED, field, free);
  }
}
