package dev.metakey.server.publication;

import dev.metakey.model.Change;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A subscriber's place in the stream of changes. */
public final class Watcher {
  private static final long NOTHING_YET = -1;

  private final WatchHub hub;
  private final Subscriber subscriber;
  private final WatchHub.@Nullable Since since;
  private final int uid;
  private final long number;
  private final Audience audience;
  private final AtomicBoolean isInLine = new AtomicBoolean();
  private volatile long cursor = NOTHING_YET; // its thread sets it
  private volatile boolean left;
  private boolean catchingUp; // this and the next: only its thread uses it
  private @Nullable CompletableFuture<List<Change>> page; // that is being read

  Watcher(
      WatchHub hub,
      WatchHub.@Nullable Since since,
      Subscriber subscriber,
      int uid,
      long number,
      Audience audience) {
    this.hub = hub;
    this.since = since;
    this.subscriber = subscriber;
    this.uid = uid;
    this.number = number;
    this.audience = audience;
  }

  /** Those who began to watch earlier have smaller ones. */
  long number() {
    return number;
  }

  /** How far behind a revision it is; 0 if it was told nothing yet. */
  long lag(long revision) {
    long told = cursor;
    return told == NOTHING_YET ? 0 : revision - told;
  }

  /**
   * Notes that the subscriber may be ready for more. For any thread. One that was told everything
   * is not looked at: it is ready each time that it has read something, and the next commit finds
   * it ready.
   */
  public void ready() {
    if (cursor != hub.head().info().revision()) {
      tellSoon();
    }
  }

  private void tellSoon() {
    if (isInLine.compareAndSet(false, true)) {
      audience.tellSoon(this);
    }
  }

  /** Ends the watch, as nobody listens any more. For any thread. */
  public void cancel() {
    var unused = leave();
  }

  /** Gives the watch's place back; returns whether it still had one. */
  boolean leave() {
    left = true;
    boolean wasThere = audience.watchers().remove(this);
    if (wasThere) {
      hub.left(uid);
    }
    return wasThere;
  }

  private void end(MetakeyException why) {
    if (!leave()) {
      return; // it has ended
    }
    try {
      subscriber.end(why);
    } catch (RuntimeException | Error defect) { // the others are to be told all the same
      hub.defects.met(defect);
    }
  }

  /** Tells what is left, and ends the watch. On its thread. */
  void finish() {
    if (cursor != NOTHING_YET && page == null) {
      telling(this::tellNext);
    }
    end(WatchHub.stopping());
  }

  /** Tells all that the subscriber can take. On its thread. */
  void tell() {
    isInLine.set(false);
    telling(
        () -> {
          boolean more = page == null || tellPage(page);
          while (more && !left && subscriber.isReady()) {
            more = tellNext();
          }
        });
  }

  /**
   * Tells messages, and ends the watch if that fails: a refusal is passed on, and anything else is
   * a defect.
   */
  private void telling(Runnable messages) {
    try {
      messages.run();
    } catch (MetakeyException e) {
      end(e);
    } catch (RuntimeException | Error defect) { // out of memory, say: the others go on
      hub.defects.met(defect);
      end(
          new MetakeyException(
              Reason.INTERNAL,
              "metakeyd could not tell this watch any more; watch again, from the revision you have",
              Map.of(),
              defect));
    }
  }

  /** Tells one message, and returns whether there may be another. */
  private boolean tellNext() {
    if (cursor == NOTHING_YET) {
      return begin();
    }
    RecentChanges.News news = hub.recent.after(cursor);
    if (news != null) {
      catchingUp = false;
      return changes(news.info(), news.changes());
    }
    return catchingUp ? readPage() : state();
  }

  private boolean begin() {
    RegistryInfo info = hub.snapshots.get().info();
    if (since == null
        || !since.registryId().equals(info.registryId())
        || Long.compareUnsigned(since.revision(), info.revision()) > 0) {
      return state();
    }
    cursor = since.revision();
    catchingUp = true;
    if (cursor == info.revision()) {
      subscriber.changes(info, List.of());
    }
    return true;
  }

  private boolean state() {
    Snapshot now = hub.snapshots.get();
    subscriber.state(now);
    cursor = now.info().revision();
    catchingUp = false;
    return true;
  }

  private boolean changes(RegistryInfo info, List<Change> news) {
    if (news.isEmpty()) {
      return false;
    }
    subscriber.changes(info, news);
    cursor = info.revision();
    return true;
  }

  /** Has a page of what the store keeps read, and comes back to tell it. */
  private boolean readPage() {
    page = hub.stored(cursor);
    var unused = page.whenComplete((changes, defect) -> tellSoon());
    return false;
  }

  /**
   * Tells a page of what the store keeps, or the state where it no longer does. Returns whether it
   * has been read.
   */
  private boolean tellPage(CompletableFuture<List<Change>> read) {
    if (!read.isDone()) {
      return false;
    }
    page = null;
    List<Change> changes = read.join();
    if (left) {
      return false;
    }
    RegistryInfo head = hub.head().info();
    boolean isOther = since != null && !since.registryId().equals(head.registryId());
    if (isOther || changes.isEmpty() || changes.get(0).revision() != cursor + 1) {
      return state();
    }
    return changes(head.withRevision(changes.get(changes.size() - 1).revision()), changes);
  }
}
