package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldUse;
import dev.metakey.model.LoadedProgram;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a starting daemon has found; {@link #plan} decides, as a pure function, what to do about it.
 *
 * @param directory the data directory, for messages
 * @param hasEvidence whether there has been a registry in the data directory
 * @param database what the database holds; null where there is no sound one
 * @param machine the machine that the database was on before; empty if it is not known
 * @param databaseFault why there is no sound database; empty if there is one
 * @param copies the state copies that are whole, the newest first
 * @param lastChanges the changes that led to the newest copy and that the database may lack; by
 *     revision
 * @param copyFaults what is wrong with the other copies, which are damaged or missing
 */
record Findings(
    String directory,
    boolean hasEvidence,
    @Nullable Source database,
    String machine,
    String databaseFault,
    List<Source> copies,
    List<Change> lastChanges,
    List<String> copyFaults,
    Evidence evidence) {
  /** How messages name the database: these words, and its directory. */
  static final String DATABASE = "the database in ";

  /** What is to be done. */
  sealed interface Plan {
    /** What a new database is to be made of; null if none is made. */
    default @Nullable List<Source> makes() {
      return null;
    }

    /** There has never been a registry here. */
    record Create() implements Plan {
      @Override
      public List<Source> makes() {
        return List.of();
      }
    }

    /** The database is sound, and nothing is newer. */
    record UseDatabase() implements Plan {}

    /**
     * The database is sound, and was copied from another machine, which may still have the
     * registry.
     *
     * @param changes as in {@link Redo}; empty if the database has them all
     */
    record Rename(Source newest, List<Change> changes) implements Plan {
      @Override
      public List<Source> makes() {
        return List.of(newest);
      }
    }

    /**
     * The daemon was killed, or the power went, and the database may lack some of the changes that
     * the copy has. Perhaps nobody was told of the last of them, but that cannot be known.
     *
     * @param changes what leads from the database to the copy; some of it may be there already
     */
    record Redo(Source copy, List<Change> changes) implements Plan {}

    /**
     * @param sources accounts of the registry, the newest first
     * @param why what is wrong with what is there
     */
    record Rebuild(List<Source> sources, String why) implements Plan {
      @Override
      public List<Source> makes() {
        return sources;
      }
    }

    /**
     * Ids may be lost, so none is handed out.
     *
     * @param shown what is known nevertheless, the newest first; empty if nothing is
     * @param why what is wrong, and the ways out
     */
    record ReadOnly(List<Source> shown, String why) implements Plan {}
  }

  Plan plan() {
    if (!hasEvidence || (database != null && isUnused(database) && isOthersPublished(database))) {
      return fresh();
    }
    Source copy = copies.isEmpty() ? null : copies.get(0);
    if (database != null && copy != null && !database.contents().isRelatedTo(copy.contents())) {
      return stuck(
          List.of(copy), "%s and %s are of different registries".formatted(database, copy));
    }
    List<Source> sound = sound(copy);
    if (sound.isEmpty() || (database == null && !isTheLast(sound.get(0)))) {
      return stuck(sound.isEmpty() ? ofOneRegistry(evidence.published()) : sound, faults());
    }
    Source newest = sound.get(0);
    String later = laterLink(newest.contents());
    if (!later.isEmpty()) {
      return stuck(
          sound, "%s is older than what programs were linked to: %s".formatted(newest, later));
    }
    if (database != null
        && copy != null
        && leadsOn(database, copy)
        && !newest.contents().isNewerThan(copy.contents())) {
      return isOfAnotherMachine()
          ? new Plan.Rename(copy, lastChanges)
          : new Plan.Redo(copy, lastChanges);
    }
    if (newest.equals(database)) {
      return isOfAnotherMachine() ? new Plan.Rename(newest, List.of()) : new Plan.UseDatabase();
    }
    String why =
        database == null
            ? databaseFault
            : "%s is older than %s: somebody put it back, or a part of it was lost"
                .formatted(database, newest);
    return new Plan.Rebuild(sound, why);
  }

  /**
   * Something that this registry has linked a loaded program to and that the newest account does
   * not know, which shows that the account is an older copy. Empty if there is nothing.
   */
  private String laterLink(Contents newest) {
    for (LoadedProgram program : evidence.loaded()) {
      for (FieldUse use : program.records()) {
        FieldUse.Place place = use.place();
        if (place != null && newest.isOrWas(place.registryId())) {
          Field field = newest.state().snapshot().byId(place.id());
          if (field == null || field.generation() < place.generation()) {
            return "%s has %s with id %d in generation %d"
                .formatted(program, use.name(), place.id(), place.generation());
          }
        }
      }
    }
    return "";
  }

  /**
   * Whether a daemon has been here but gave no id away: such data says nothing about what was
   * published.
   */
  private static boolean isUnused(Source source) {
    Contents contents = source.contents();
    return contents.revision() == 0 && contents.state().snapshot().records().isEmpty();
  }

  private boolean isOthersPublished(Source own) {
    return evidence.published().stream()
        .anyMatch(source -> !source.contents().isRelatedTo(own.contents()));
  }

  private boolean isOfAnotherMachine() {
    return !machine.isEmpty()
        && !evidence.machine().isEmpty()
        && !machine.equals(evidence.machine());
  }

  /** Whether the copy's changes begin where those of the database may end. */
  private boolean leadsOn(Source database, Source copy) {
    long revision = database.contents().revision();
    return copy.contents().isOrWas(database.contents().id())
        && !lastChanges.isEmpty()
        && lastChanges.get(0).revision() <= revision + 1
        && revision <= copy.contents().revision();
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
   * Without a database, whether the newest account has the last change that was answered. A state
   * copy has it for certain only if the other copy can be read, too.
   */
  private boolean isTheLast(Source newest) {
    return copyFaults.isEmpty() || !copies.contains(newest);
  }

  private Plan fresh() {
    String empty =
        "data directory %s has no registry in which anything was ever registered"
            .formatted(directory);
    if (!evidence.named().isEmpty()) {
      return new Plan.Rebuild(withRelated(evidence.published()), empty);
    }
    List<Source> published = ofOneRegistry(evidence.published());
    if (!published.isEmpty()) {
      return new Plan.ReadOnly(
          published,
          "%s, but %s was published since the host booted. If that registry's data is lost, start once with --recover-from %s; if another metakeyd has it, choose other directories with --run, --bpffs and --socket"
              .formatted(empty, published.get(0), published.get(0).from()));
    }
    if (!evidence.publishedFaults().isEmpty()) {
      return new Plan.ReadOnly(
          List.of(),
          "%s, but something was published that cannot be read: %s. If that registry's data is lost, put it back and restart, or start once with --recover-from PATH; if another metakeyd has it, choose other directories with --run, --bpffs and --socket; if it is nobody's, remove it and restart"
              .formatted(empty, String.join("; ", evidence.publishedFaults())));
    }
    return new Plan.Create();
  }

  private Plan stuck(List<Source> shown, String why) {
    if (!evidence.named().isEmpty()) {
      List<Source> known = new ArrayList<>(shown);
      if (database != null) {
        known.add(database);
      }
      return new Plan.Rebuild(withRelated(known), why);
    }
    return new Plan.ReadOnly(
        shown,
        "%s. Ids that were given away may be lost, so none is given or freed. Put back what is missing and restart, or start once with --recover-from PATH: a backup, a state copy, a registry.bin, a keys file or a directory that has one%s. To give up every id, move everything out of %s and restart"
            .formatted(
                why,
                shown.isEmpty() ? "" : ", for example " + shown.get(0).from().replace(DATABASE, ""),
                directory));
  }

  /** What an admin named, and what else is known of that registry. */
  private List<Source> withRelated(List<Source> others) {
    List<Source> all = new ArrayList<>(evidence.named());
    all.addAll(others);
    return ofOneRegistry(all);
  }

  private static List<Source> ofOneRegistry(List<Source> sources) {
    return sources.isEmpty() ? List.of() : Source.ofOneRegistry(sources);
  }

  private String faults() {
    List<String> faults = new ArrayList<>();
    if (!databaseFault.isEmpty()) {
      faults.add(databaseFault);
    }
    faults.addAll(copyFaults);
    return String.join("; ", faults);
  }
}
