package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The newest {@value #MOST} changes, kept once for all who watch. From any thread. */
final class RecentChanges {
  static final int MOST = 1024;

  private final Deque<Change> changes = new ArrayDeque<>(); // this and the rest: guarded by this
  private volatile Snapshot head;
  private News news;
  private long newsAfter;

  /**
   * What came after a revision.
   *
   * @param info the state that the changes lead to
   * @param changes the same list for all who ask for the same
   */
  record News(RegistryInfo info, List<Change> changes) {}

  RecentChanges(Snapshot head) {
    this.head = head;
    this.news = new News(head.info(), List.of());
    this.newsAfter = head.info().revision();
  }

  /** What the last of them led to. */
  Snapshot head() {
    return head;
  }

  /**
   * @param snapshot what they lead to
   */
  synchronized void add(Snapshot snapshot, List<Change> committed) {
    if (!snapshot.info().registryId().equals(head.info().registryId())) {
      changes.clear(); // whoever watches the registry under its old id gets the state
      head = snapshot;
      return;
    }
    head = snapshot;
    changes.addAll(committed);
    while (changes.size() > MOST) {
      changes.removeFirst();
    }
  }

  /** What came after a revision; null where not all of it is kept here. */
  synchronized @Nullable News after(long revision) {
    RegistryInfo info = head.info();
    if (first(info) > revision + 1) {
      return null;
    }
    if (revision == info.revision()) {
      return new News(info, List.of());
    }
    if (revision != newsAfter || info.revision() != news.info().revision()) {
      news = new News(info, changesAfter(revision));
      newsAfter = revision;
    }
    return news;
  }

  private long first(RegistryInfo info) {
    return changes.isEmpty() ? info.revision() + 1 : changes.getFirst().revision();
  }

  private List<Change> changesAfter(long revision) {
    List<Change> after = new ArrayList<>();
    Iterator<Change> newestFirst = changes.descendingIterator();
    while (newestFirst.hasNext()) {
      Change change = newestFirst.next();
      if (change.revision() <= revision) {
        break;
      }
      after.add(change);
    }
    Collections.reverse(after);
    return after;
  }
}
