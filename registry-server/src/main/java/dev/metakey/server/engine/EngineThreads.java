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
  private final Progress progress;
  private volatile boolean closed;

  /** Is told that the writer goes on. */
  public interface Progress {
    /** Nobody wants to know. */
    Progress UNWATCHED =
        new Progress() {
          @Override
          public long everyMs() {
            return Long.MAX_VALUE;
          }

          @Override
          public void goesOn() {}
        };

    /** How often this wants to be told at least, milliseconds. */
    long everyMs();

    /** Returns at once. */
    void goesOn();
  }

  /**
   * @param besides what else is to be done now and then: the writer runs it when it has nothing to
   *     do, and the timer in each turn; must return at once
   * @param progress is told by the writer after each turn; while the writer waits for the store,
   *     the timer tells it: nobody is to take a disk that hangs for a writer that does
   */
  public EngineThreads(Engine engine, Runnable besides, Progress progress) {
    this.engine = engine;
    this.besides = besides;
    this.progress = progress;
  }

  public void start() {
    writer.start();
    timer.start();
  }

  private boolean write() throws InterruptedException {
    if (engine.doWork(Math.min(LOOK_MS, progress.everyMs())) == 0) {
      besides.run();
    }
    progress.goesOn();
    boolean goesOn = !engine.isStopping() || engine.queued() > 0;
    if (!goesOn) {
      engine.storeUses();
    }
    return goesOn;
  }

  private boolean keepTime() throws InterruptedException {
    engine.keepTime(Math.min(REST_MS, progress.everyMs()));
    besides.run();
    if (engine.waitsForStore()) {
      progress.goesOn();
    }
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
