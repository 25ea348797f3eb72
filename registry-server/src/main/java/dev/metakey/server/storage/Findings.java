package dev.metakey.server.storage;

import dev.metakey.model.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a daemon that starts has found, and what it does about it: a pure decision.
 *
 * @param directory for messages
 * @param hasEvidence whether there has been a registry in the data directory
 * @param database what the database holds; null where there is no sound one
 * @param databaseFault why there is none
 * @param copies the state copies that are whole, the newest first
 * @param lastChanges of the commit that led to the newest copy
 * @param copyFaults what is wrong with the others, damaged or missing
 */
record Findings(
    String directory,
    boolean hasEvidence,
    @Nullable Source database,
    String databaseFault,
    List<Source> copies,
    List<Change> lastChanges,
    List<String> copyFaults,
    Evidence evidence) {

  /** What is to be done. */
  sealed interface Plan {
    /** There has never been a registry here. */
    record Create() implements Plan {}

    /** The database is sound, and nothing is newer. */
    record UseDatabase() implements Plan {}

    /**
     * The daemon was killed, or the power went, before the database had a commit that the copy has.
     * Perhaps nobody was told of it; but nobody can know.
     *
     * @param changes what leads from the database to the copy
     */
    record Redo(Source copy, List<Change> changes) implements Plan {}

    /**
     * @param sources accounts of the registry, the newest first
     * @param why what is wrong with what is there
     */
    record Rebuild(List<Source> sources, String why) implements Plan {}

    /**
     * Ids may be lost: nobody gets one.
     *
     * @param shown what is known nevertheless; null: nothing
     * @param why what is wrong, and the ways out
     */
    record ReadOnly(@Nullable Source shown, String why) implements Plan {}
  }

  Plan plan() {
    if (!hasEvidence) {
      return fresh();
    }
    Source copy = copies.isEmpty() ? null : copies.get(0);
    if (database != null && copy != null && !database.contents().isRelatedTo(copy.contents())) {
      return stuck(copy, "%s and %s are of different registries".formatted(database, copy));
    }
    List<Source> sound = sound(copy);
    if (sound.isEmpty() || (database == null && !isTheLast(sound.get(0)))) {
      return stuck(sound.isEmpty() ? firstOf(evidence.published()) : sound.get(0), faults());
    }
    if (sound.get(0).equals(database)) {
      return new Plan.UseDatabase();
    }
    if (database != null && sound.get(0).equals(copy) && isOneCommitBehind(database, copy)) {
      return new Plan.Redo(copy, lastChanges);
    }
    String why =
        database == null
            ? databaseFault
            : "%s is older than %s: somebody put it back, or a part of it was lost"
                .formatted(database, sound.get(0));
    return new Plan.Rebuild(sound, why);
  }

  private boolean isOneCommitBehind(Source database, Source copy) {
    return isSame(database, copy)
        && !lastChanges.isEmpty()
        && lastChanges.get(0).revision() == database.contents().revision() + 1;
  }

  /** The database, the state copies and what was published of them, the newest first. */
  private List<Source> sound(@Nullable Source copy) {
    Source own = database != null ? database : copy;
    if (own == null) {
      return List.of();
    }
    List<Source> sound = new ArrayList<>();
    if (database != null) {
      sound.add(database);
    }
    sound.addAll(copies);
    evidence.published().stream()
        .filter(published -> sound.stream().anyMatch(s -> isSame(s, published)))
        .forEach(sound::add);
    return sound.stream()
        .filter(source -> source.contents().isRelatedTo(own.contents()))
        .sorted(Source.NEWEST_FIRST)
        .toList();
  }

  private static boolean isSame(Source a, Source b) {
    return a.contents().id().equals(b.contents().id());
  }

  /**
   * Without a database: the newest state copy has the last change that was answered only if the
   * other one can be read and is older.
   */
  private boolean isTheLast(Source newest) {
    return copyFaults.isEmpty() || !copies.contains(newest);
  }

  private Plan fresh() {
    if (!evidence.named().isEmpty()) {
      return new Plan.Rebuild(evidence.named(), "data directory %s is empty".formatted(directory));
    }
    Source published = firstOf(evidence.published());
    if (published == null) {
      return new Plan.Create();
    }
    return new Plan.ReadOnly(
        published,
        "data directory %s is empty, but %s was published since the host booted. If that registry's data is lost, start once with --recover-from %s; if another metakeyd has it, choose other directories with --run, --bpffs and --socket"
            .formatted(directory, published, published.from()));
  }

  private Plan stuck(@Nullable Source shown, String why) {
    if (!evidence.named().isEmpty()) {
      List<Source> sources = new ArrayList<>(evidence.named());
      Stream.of(database, shown)
          .filter(Objects::nonNull)
          .filter(s -> s.contents().isRelatedTo(sources.get(0).contents()))
          .forEach(sources::add);
      return new Plan.Rebuild(sources, why);
    }
    return new Plan.ReadOnly(
        shown,
        "%s. Ids that were given away may be lost, so none is given or freed. Put back what is missing and restart, or start once with --recover-from PATH: a state copy, a registry.bin or a directory that has one%s. To give up every id, move everything out of %s and restart"
            .formatted(why, shown == null ? "" : ", for example " + shown, directory));
  }

  private String faults() {
    List<String> faults = new ArrayList<>();
    if (!databaseFault.isEmpty()) {
      faults.add(databaseFault);
    }
    faults.addAll(copyFaults);
    return String.join("; ", faults);
  }

  private static @Nullable Source firstOf(List<Source> sources) {
    return sources.isEmpty() ? null : sources.get(0);
  }
}
