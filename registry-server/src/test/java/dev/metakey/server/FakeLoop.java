package dev.metakey.server;

import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Does its tasks, those that they add too, before it reads again, as an event loop does. */
public final class FakeLoop extends ScheduledThreadPoolExecutor {
  private final Deque<Runnable> tasks = new ConcurrentLinkedDeque<>();
  private final Deque<Runnable> due = new ConcurrentLinkedDeque<>();
  private boolean atOnce;

  public FakeLoop() {
    super(1);
  }

  @Override
  public void execute(Runnable task) {
    if (atOnce) {
      task.run();
    } else {
      tasks.add(task);
    }
  }

  @Override
  public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
    due.add(task);
    return super.schedule(() -> {}, delay, unit);
  }

  /** What it has to do before it reads. */
  public Collection<Runnable> tasks() {
    return tasks;
  }

  /** Does everything at once from now on, for the end. */
  public void finish() {
    atOnce = true;
    while (turn()) {}
    shutdown();
  }

  /** Returns whether there was something to do. */
  public boolean turn() {
    while (!due.isEmpty()) {
      tasks.add(due.remove());
    }
    boolean does = !tasks.isEmpty();
    while (!tasks.isEmpty()) {
      tasks.remove().run();
    }
    return does;
  }
}
