package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.server.domain.Recovery;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.storage.Findings.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/**
 * Looks at a data directory before anything in it is changed, and makes it ready: as it is, new, or
 * rebuilt from the newest evidence. What was there is kept aside.
 *
 * <p><b>Durability.</b> The state copies stay until one of the rebuilt registry is written, and
 * that is written before the database is made: if the daemon is killed in between, the next start
 * finds a copy to begin from.
 */
final class Beginning {
  private final DataDirectory directory;
  private final DataFiles files;
  private final HistoryDamage damage;
  private final StateCopy copy;
  private final Evidence evidence;
  private final Supplier<RegistryState> whenEmpty;

  Beginning(
      DataDirectory directory,
      HistoryDamage damage,
      StateCopy copy,
      Evidence evidence,
      Supplier<RegistryState> whenEmpty) {
    this.directory = directory;
    this.files = new DataFiles(directory.path());
    this.damage = damage;
    this.copy = copy;
    this.evidence = evidence;
    this.whenEmpty = whenEmpty;
  }

  /** What a start came to. */
  sealed interface Begun {
    /**
     * @param database open for writing; the caller closes it
     * @param recovery what was recovered, for an admin; null if nothing was
     */
    record Ready(Database database, @Nullable String recovery) implements Begun {}

    /**
     * What is known is served from memory.
     *
     * @param why why nothing can be changed until an admin has done something
     */
    record Held(RegistryState state, String why) implements Begun {}
  }

  /**
   * Looks at what is there, and recovers it if it is not sound.
   *
   * @param why why no database may be made; empty if one may be
   */
  Begun begin(String why) throws StoreException, RocksDBException, IOException {
    Plan plan = look().plan();
    List<Source> makes = plan.makes();
    if (!why.isEmpty() && makes != null) {
      return hold(makes, why);
    }
    return plan instanceof Plan.ReadOnly stuck ? hold(stuck.shown(), stuck.why()) : carryOut(plan);
  }

  /** What is served of some accounts of the registry; they may be none. */
  Begun.Held hold(List<Source> shown, String why) {
    return new Begun.Held(
        shown.isEmpty()
            ? whenEmpty.get()
            : Recovery.merge(Source.states(shown), shown.get(0).contents().id(), evidence.nowMs()),
        why);
  }

  /**
   * Reads everything but the history, and changes nothing. Of the history, which may be long, it
   * reads only the beginning and the end, or all of it if damage was found in it before.
   */
  private Findings look() throws StoreException, IOException {
    String path = directory.path().toString();
    boolean hasEvidence = files.hasEvidence();
    List<String> faults = new ArrayList<>();
    List<StateText.Parsed> parsed = StateCopy.read(directory.path(), faults);
    copy.continueAfter(parsed);
    List<Source> copies =
        parsed.stream()
            .map(p -> new Source(directory.path().resolve(p.name()).toString(), p.contents()))
            .toList();
    Source database = null;
    String machine = "";
    String fault = "the database in %s is missing".formatted(path);
    if (!files.ofDatabase().isEmpty()) {
      try {
        Read read = readDatabase();
        database = new Source(Findings.DATABASE + path, read.contents());
        machine = read.machine();
        fault = "";
      } catch (OtherFormatException | UnreadableException e) {
        throw e;
      } catch (StoreException e) {
        fault = String.valueOf(e.getMessage());
      }
    }
    List<Change> last = parsed.isEmpty() ? List.of() : parsed.get(0).changes();
    return new Findings(
        path, hasEvidence, database, machine, fault, copies, last, faults, evidence);
  }

  private record Read(Contents contents, String machine) {}

  private Read readDatabase() throws StoreException {
    DatabaseReader reader = new DatabaseReader(directory);
    try (Database open = new Database(directory.path(), Database.Mode.READ)) {
      Contents contents = reader.read(open);
      if (damage.isNoted()) {
        open.verify();
      }
      return new Read(contents, open.machine());
    } catch (RocksDBException e) {
      refuseOtherFormat(reader);
      if (isDamage(e)) {
        throw directory.damaged(e.getMessage(), e);
      }
      throw new UnreadableException(directory.explain("cannot be read", e));
    }
  }

  /** A newer format may have other column families, and is not to be taken for damage. */
  private void refuseOtherFormat(DatabaseReader reader) throws OtherFormatException {
    try {
      byte[] format = Database.peekFact(directory.path(), RocksStore.FORMAT_FACT);
      if (format != null) {
        reader.checkFormat(format);
      }
    } catch (OtherFormatException e) {
      throw e;
    } catch (RocksDBException | StoreException ignored) {
      // The database is damaged, as the caller knows already.
    }
  }

  /**
   * Whether the data is damaged, rather than kept from us by a disk or a permission while it may be
   * sound.
   */
  private static boolean isDamage(RocksDBException e) {
    Status status = DataDirectory.statusOf(e);
    boolean failedToRead = status != null && status.getCode() == Status.Code.IOError;
    return !failedToRead || String.valueOf(e.getMessage()).contains("No such file or directory");
  }

  /** Makes the directory ready, and opens its database. */
  private Begun carryOut(Plan plan) throws IOException, RocksDBException {
    if (plan instanceof Plan.Create) {
      return create(new Contents(whenEmpty.get(), List.of()), open -> null);
    }
    if (plan instanceof Plan.Rebuild rebuild) {
      return rebuild(rebuild);
    }
    return ready(
        Database.Mode.WRITE,
        open -> {
          String recovery = plan instanceof Plan.Rename rename ? rename(rename, open) : null;
          if (plan instanceof Plan.Redo redo) {
            redo(redo, open);
          }
          open.noteMachine(evidence.machine());
          return recovery;
        });
  }

  private interface Preparation {
    /** Returns what was recovered, for an admin; null if nothing was. */
    @Nullable String of(Database open) throws IOException, RocksDBException;
  }

  /** Opens the database for good: a start opens it for writing once. */
  private Begun ready(Database.Mode mode, Preparation preparation)
      throws IOException, RocksDBException {
    Database open = new Database(directory.path(), mode);
    boolean isReady = false;
    try {
      String recovery = preparation.of(open);
      isReady = true;
      return new Begun.Ready(open, recovery);
    } finally {
      if (!isReady) {
        open.close();
      }
    }
  }

  private Begun create(Contents contents, Preparation last) throws IOException, RocksDBException {
    copy.renew(contents);
    return ready(
        Database.Mode.CREATE,
        open -> {
          open.make(contents, evidence.machine());
          open.flush();
          return last.of(open);
        });
  }

  /**
   * Gives the registry a new id, as the machine that it comes from may still use the old one.
   *
   * @return what was done, for an admin
   */
  private String rename(Plan.Rename plan, Database open) throws IOException, RocksDBException {
    Contents old = plan.newest().contents();
    Contents renamed = old.renamed(evidence.newId(), evidence.newTag());
    open.commit(old, plan.changes());
    open.rename(renamed, evidence.machine());
    String report =
        "the registry was found on another machine than it was on before: its disk was copied, or /etc/machine-id made anew. Its id was %s and is %s now, so that nobody takes one of the two for the other; fields, ids and history are as they were, and watches start anew. Its tag was made anew too: link programs again."
            .formatted(old.id(), evidence.newId());
    tell(report);
    return report;
  }

  /** Commits to the database what perhaps only the state copy has. */
  private static void redo(Plan.Redo plan, Database open) throws RocksDBException {
    open.commit(plan.copy().contents(), plan.changes());
    open.sync();
  }

  /** Makes the database anew, and keeps the old one aside. */
  private Begun rebuild(Plan.Rebuild plan) throws IOException, RocksDBException {
    Contents newest = plan.sources().get(0).contents();
    boolean isEmpty = newest.revision() == 0 && newest.state().snapshot().records().isEmpty();
    Path set = files.ofDatabase().isEmpty() ? null : files.moveAside();
    RegistryState merged =
        Recovery.merge(Source.states(plan.sources()), evidence.newId(), evidence.nowMs());
    String report = report(plan, newest, set);
    return create(
        new Contents(merged, newest.ids()),
        open -> {
          if (!isEmpty) {
            tell(report);
          }
          return report;
        });
  }

  /** Adds to the report; an earlier one that nobody has removed stays above. */
  private void tell(String report) throws IOException {
    Files.writeString(
        directory.path().resolve(DataFiles.REPORT),
        "%s %s%n".formatted(Instant.ofEpochMilli(evidence.nowMs()), report),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private static String report(Plan.Rebuild plan, Contents newest, @Nullable Path set) {
    return "the registry was recovered: %s. Ids, slots and generations were taken from %s%s; the history of changes up to revision %d is lost, and watches start anew.%s"
        .formatted(
            plan.why(),
            plan.sources().get(0),
            plan.sources().size() == 1
                ? ""
                : ", owners that it does not know from "
                    + plan.sources().subList(1, plan.sources().size()),
            newest.revision(),
            set == null ? "" : " What was there before is kept in %s.".formatted(set));
  }
}
