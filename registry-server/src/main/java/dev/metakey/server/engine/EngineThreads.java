package dev.metakey.server.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The threads that give an engine its turns until it is stopped: {@code registry-writer} makes
 * changes, and {@code registry-timer} sees to what is due while the writer may be held up by a
 * disk.
 */
public final class EngineThreads implements AutoCloseable {
  /** The longest that the writer waits before it looks at the store, milliseconds. */
  private static final long LOOK_MS = 5_000;

  /** The longest that the timer waits while there is nothing to do, milliseconds. */
  private static final long REST_MS = 60_000;

  private final Engine engine;
  private final Worker writer = new Worker("registry-writer", "makes changes durable", this::write);
  private final Worker timer =
      new Worker("registry-timer", "ends what has waited too long", this::keepTime);
  private final Runnable besides;
  private volatile boolean closed;

  /**
   * @param besides what else is to be done now and then: the writer runs it when it has nothing to
   *     do, and the timer in each turn; must return at once
   */
  public EngineThreads(Engine engine, Runnable besides) {
    this.engine = engine;
    this.besides = besides;
  }

  public void start() {
    writer.start();
    timer.start();
  }

  private boolean write() throws InterruptedException {
    if (engine.doWork(LOOK_MS) == 0) {
      besides.run();
    }
    boolean goesOn = !engine.isStopping() || engine.queued() > 0;
    if (!goesOn) {
      engine.storeUses();
    }
    return goesOn;
  }

  private boolean keepTime() throws InterruptedException {
    engine.keepTime(REST_MS);
    besides.run();
    return !closed;
  }

  /** Whether both run, or were told to end. */
  public boolean areWell() {
    return !writer.isLost() && !timer.isLost();
  }

  public List<String> problems() {
    List<String> problems = new ArrayList<>(writer.problems());
    problems.addAll(timer.problems());
    return problems;
  }

  /** Stops the engine, and returns when every queued call was answered. */
  @Override
  public void close() throws InterruptedException {
    engine.stop();
    writer.join();
    closed = true;
    engine.wakeTimer();
    timer.join();
  }
}
