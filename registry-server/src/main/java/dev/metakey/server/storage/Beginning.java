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

  Beginning(DataDirectory directory, HistoryDamage damage, StateCopy copy) {
    this.directory = directory;
    this.files = new DataFiles(directory.path());
    this.damage = damage;
    this.copy = copy;
  }

  /**
   * Reads everything but the history, and changes nothing. Of the history, which may be long, it
   * reads only the beginning and the end, or all of it if damage was found in it before.
   */
  Findings look(Evidence evidence) throws StoreException, IOException {
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
    Status status = e.getStatus();
    boolean failedToRead = status != null && status.getCode() == Status.Code.IOError;
    return !failedToRead || String.valueOf(e.getMessage()).contains("No such file or directory");
  }

  /**
   * Makes the directory ready.
   *
   * @return what was recovered, for an admin; null if nothing was
   */
  @Nullable String carryOut(Plan plan, Supplier<RegistryState> whenEmpty, Evidence evidence)
      throws IOException, RocksDBException {
    if (plan instanceof Plan.Create) {
      create(whenEmpty.get(), evidence.machine());
    } else if (plan instanceof Plan.Redo redo) {
      redo(redo);
    } else if (plan instanceof Plan.Rebuild rebuild) {
      return rebuild(rebuild, evidence);
    } else if (plan instanceof Plan.Rename rename) {
      return rename(rename, evidence);
    }
    return null;
  }

  /** Makes the database of a new registry. */
  private void create(RegistryState state, String machine) throws IOException, RocksDBException {
    make(new Contents(state, List.of()), machine);
  }

  /**
   * Gives the registry a new id, as the machine that it comes from may still use the old one.
   *
   * @return what was done, for an admin
   */
  private String rename(Plan.Rename plan, Evidence evidence) throws IOException, RocksDBException {
    Contents old = plan.newest().contents();
    Contents renamed = old.renamed(evidence.newId(), evidence.newTag());
    try (Database open = new Database(directory.path(), Database.Mode.WRITE)) {
      open.commit(old.state(), plan.changes());
      open.rename(renamed, evidence.machine());
    }
    String report =
        "the registry was found on another machine than it was on before: its disk was copied, or /etc/machine-id made anew. Its id was %s and is %s now, so that nobody takes one of the two for the other; fields, ids and history are as they were, and watches start anew. Its tag was made anew too: link programs again."
            .formatted(old.id(), evidence.newId());
    tell(report, evidence.nowMs());
    return report;
  }

  /** Commits to the database what perhaps only the state copy has. */
  private void redo(Plan.Redo plan) throws RocksDBException {
    try (Database open = new Database(directory.path(), Database.Mode.WRITE)) {
      open.commit(plan.copy().contents().state(), plan.changes());
      open.sync();
    }
  }

  /**
   * Makes the database anew, and keeps the old one aside.
   *
   * @return what was done, for an admin
   */
  private String rebuild(Plan.Rebuild plan, Evidence evidence)
      throws IOException, RocksDBException {
    long nowMs = evidence.nowMs();
    Contents newest = plan.sources().get(0).contents();
    boolean isEmpty = newest.revision() == 0 && newest.state().snapshot().records().isEmpty();
    Path set = files.ofDatabase().isEmpty() ? null : files.moveAside();
    RegistryState merged = Recovery.merge(Source.states(plan.sources()), evidence.newId(), nowMs);
    make(new Contents(merged, newest.ids()), evidence.machine());
    String report = report(plan, newest, set);
    if (!isEmpty) {
      tell(report, nowMs);
    }
    return report;
  }

  /** Adds to the report; an earlier one that nobody has removed stays above. */
  private void tell(String report, long nowMs) throws IOException {
    Files.writeString(
        directory.path().resolve(DataFiles.REPORT),
        "%s %s%n".formatted(Instant.ofEpochMilli(nowMs), report),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private void make(Contents contents, String machine) throws IOException, RocksDBException {
    copy.renew(contents);
    try (Database open = new Database(directory.path(), Database.Mode.CREATE)) {
      open.make(contents, machine);
      open.flush();
    }
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
