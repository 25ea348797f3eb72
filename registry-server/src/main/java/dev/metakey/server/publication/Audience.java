package dev.metakey.server.publication;

import dev.metakey.server.engine.Defects;
import java.util.Comparator;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The watchers to whom one thread talks, and the line of those who have something to be told. The
 * thread tells {@value #AT_ONCE} of them, and then looks what has come in before it goes on,
 * whether there is a change for all of them or many have just begun to watch.
 */
final class Audience {
  private static final int AT_ONCE = 16;

  private final Executor thread;
  private final Defects defects;
  private final Set<Watcher> watchers = // those of one connection are together
      new ConcurrentSkipListSet<>(Comparator.comparingLong(Watcher::number));
  private final Queue<Watcher> line = new ConcurrentLinkedQueue<>(); // nobody is in it twice
  private final AtomicBoolean isTelling = new AtomicBoolean();
  private volatile boolean hasNews;

  Audience(Executor thread, Defects defects) {
    this.thread = thread;
    this.defects = defects;
  }

  Set<Watcher> watchers() {
    return watchers;
  }

  /** There is something new for all of them. For any thread. */
  void news() {
    if (!watchers.isEmpty()) {
      hasNews = true;
      beginToTell();
    }
  }

  /** Has somebody told who is not in the line, after those who are. For any thread. */
  void tellSoon(Watcher watcher) {
    line.add(watcher);
    beginToTell();
  }

  /** Has the thread do something for them. */
  void submit(Runnable task) {
    try {
      thread.execute(defects.guard(task));
    } catch (RejectedExecutionException e) {
      // the thread of these connections has ended, and nobody is there to be told
    }
  }

  private void beginToTell() {
    if (isTelling.compareAndSet(false, true)) {
      submit(this::tell);
    }
  }

  private void tell() {
    try {
      tellSome();
    } finally {
      if (isSomebodyLeft()) {
        submitAfterReading(this::tell);
      } else {
        isTelling.set(false);
        if (isSomebodyLeft()) { // who came in between
          beginToTell();
        }
      }
    }
  }

  private void tellSome() {
    if (hasNews) {
      hasNews = false;
      watchers.forEach(Watcher::ready);
    }
    for (int i = 0; i < AT_ONCE; i++) {
      Watcher next = line.poll();
      if (next == null) {
        return;
      }
      next.tell();
    }
  }

  private boolean isSomebodyLeft() {
    return hasNews || !line.isEmpty();
  }

  /**
   * An event loop does all tasks that it has, and those that they add, before it reads again; what
   * is due at a time comes after that.
   */
  private void submitAfterReading(Runnable task) {
    if (!(thread instanceof ScheduledExecutorService loop)) {
      submit(task);
      return;
    }
    try {
      var unused = loop.schedule(defects.guard(task), 0, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // as in submit
    }
  }
}
