package dev.metakey.server.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The threads that give an engine its turns until it is stopped: {@code registry-writer} makes
 * changes, and {@code registry-timer} sees to what is due while the writer may be held up by a
 * disk.
 */
public final class EngineThreads implements AutoCloseable {
  private static final long MAX_WAIT_MS = 1_000;

  private final Engine engine;
  private final Worker writer = new Worker("registry-writer", "makes changes durable", this::write);
  private final Worker timer =
      new Worker("registry-timer", "ends what has waited too long", this::keepTime);
  private final Runnable eachSecond;
  private volatile boolean closed;

  /**
   * @param eachSecond what else the timer does about every second; takes no time
   */
  public EngineThreads(Engine engine, Runnable eachSecond) {
    this.engine = engine;
    this.eachSecond = eachSecond;
  }

  public void start() {
    writer.start();
    timer.start();
  }

  private boolean write() throws InterruptedException {
    engine.doWork(MAX_WAIT_MS);
    return !engine.isStopping() || engine.queued() > 0;
  }

  private boolean keepTime() throws InterruptedException {
    engine.keepTime(MAX_WAIT_MS);
    eachSecond.run();
    return !closed;
  }

  /** Whether all of them run, or were told to end. */
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
