package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.engine.CommitListener;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What feeds publication: a registry that keeps its history in a list and tells one listener. */
final class FakeRegistry implements WatchHub.History {
  static final UUID ID = new UUID(0x0123456789abcdefL, 0x8123456789abcdefL);
  static final Peer EDGE = new Peer(1000, 1000, 100, "edge.service");
  static final Rules RULES = new Rules(600_000, 0);

  private final List<Change> history = new ArrayList<>();
  private final List<Integer> reads = new ArrayList<>();
  private RegistryState state = RegistryState.empty(ID, Layout.SLOTTED, 128);
  private CommitListener listener = (snapshot, changes) -> {};
  private long kept = 1;
  private boolean failing;

  synchronized void tell(CommitListener value) {
    listener = value;
  }

  synchronized Snapshot snapshot() {
    return state.snapshot();
  }

  synchronized long revision() {
    return state.revision();
  }

  /** Changes the state and tells of it, as one call. */
  synchronized List<Change> commit(Command<?> command) {
    List<Change> changes = change(command);
    listener.durable(state.snapshot(), changes);
    listener.committed(state.snapshot(), changes);
    return changes;
  }

  /** Changes the state, and tells nobody yet. */
  synchronized List<Change> change(Command<?> command) {
    Decision<?> decision =
        Registry.decide(state, RULES, command, EDGE, new Now(1_700_000_000_000L, 1));
    if (decision instanceof Decision.Rejected<?> rejected) {
      throw new AssertionError(rejected.refusal());
    }
    Decision.Accepted<?> accepted = (Decision.Accepted<?>) decision;
    state = accepted.state();
    history.addAll(accepted.changes());
    return accepted.changes();
  }

  /** Registers and releases the same field in turn: as many calls, with one change each. */
  void commitMany(int changes) {
    for (int i = 0; i < changes; i++) {
      var unused = commit(toggle());
    }
  }

  private synchronized Command<?> toggle() {
    boolean there = state.snapshot().resolve("toggled") != null;
    return there ? new Release("toggled", 0) : register("toggled");
  }

  static Register register(String... names) {
    List<FieldSpec> specs = new ArrayList<>();
    for (String name : names) {
      specs.add(FieldSpec.of(name, 2));
    }
    return new Register(specs);
  }

  /** Forgets the changes before a revision. */
  synchronized void keepFrom(long revision) {
    kept = revision;
  }

  synchronized void fail() {
    failing = true;
  }

  /** How many changes each read of the history gave. */
  synchronized List<Integer> reads() {
    return List.copyOf(reads);
  }

  @Override
  public synchronized List<Change> after(long revision, int limit) {
    if (failing) {
      throw new MetakeyException(Reason.STORE_FAILED, "the disk is broken");
    }
    List<Change> page = new ArrayList<>();
    for (Change change : history.subList((int) Math.max(revision, kept - 1), history.size())) {
      boolean sameCall =
          !page.isEmpty() && page.get(page.size() - 1).commitRevision() == change.commitRevision();
      if (page.size() >= limit && !sameCall) {
        break;
      }
      page.add(change);
    }
    reads.add(page.size());
    return page;
  }
}
