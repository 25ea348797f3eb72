package dev.metakey.server.engine;

import dev.metakey.model.Field;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Uses;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Supplier;

/**
 * Notes in memory when each id was used last: a resolve or a registration costs a store of one
 * number. The writer keeps the notes in the store, now and then. Thread-safe.
 */
public final class UseNotes {
  private final AtomicLongArray lastMs = new AtomicLongArray(Field.IDS);
  private final RegistryClock clock;
  private final Supplier<Programs> programs;

  /**
   * @param stored if nobody has noted any, every id counts as used now, as nothing is known
   */
  UseNotes(Uses stored, RegistryClock clock, Supplier<Programs> programs) {
    this.clock = clock;
    this.programs = programs;
    long nowMs = clock.ageMs();
    for (int id = 0; id < Field.IDS; id++) {
      lastMs.set(id, Math.min(nowMs, stored.lastMs(id, nowMs)));
    }
  }

  /** Somebody has registered the field, or asked for it. */
  public void note(Field field) {
    if (field.id() < Field.IDS) {
      lastMs.setOpaque(field.id(), clock.ageMs());
    }
  }

  /** When each id was used last; one that a loaded program is linked to is in use now. */
  public Uses now() {
    long nowMs = clock.ageMs();
    programs.get().linkedIds().stream()
        .filter(id -> id < Field.IDS)
        .forEach(id -> lastMs.setOpaque(id, nowMs));
    List<Long> all = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      all.add(lastMs.getOpaque(id));
    }
    return new Uses(all);
  }
}
