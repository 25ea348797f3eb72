package dev.metakey.server.engine;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.server.domain.Programs;
import dev.metakey.server.domain.Uses;
import java.util.ArrayList;
import java.util.BitSet;
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

  /** Somebody has registered the fields, or asked for them. */
  public void note(List<Field> fields) {
    long nowMs = clock.ageMs();
    for (Field field : fields) {
      note(field.id(), nowMs);
    }
  }

  void noteChanged(List<Change> changes) {
    note(changes.stream().map(Change::field).toList());
  }

  /** What loaded programs are linked to is in use until now, when they may be gone. */
  void noteLinked() {
    long nowMs = clock.ageMs();
    programs.get().linkedIds().stream().forEach(id -> note(id, nowMs));
  }

  private void note(int id, long nowMs) {
    if (id < Field.IDS) {
      lastMs.setOpaque(id, nowMs);
    }
  }

  /** When each id was used last; one that a loaded program is linked to is in use now. */
  public Uses read() {
    long nowMs = clock.ageMs();
    BitSet linked = programs.get().linkedIds();
    List<Long> all = new ArrayList<>();
    for (int id = 0; id < Field.IDS; id++) {
      all.add(linked.get(id) ? nowMs : lastMs.getOpaque(id));
    }
    return new Uses(all);
  }
}
