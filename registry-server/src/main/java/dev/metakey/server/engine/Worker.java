package dev.metakey.server.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread of the daemon that works in turns. Whatever a turn throws, even an {@link Error}, is
 * noted, and after a pause the next turn begins: so the thread ends only when it is told to. Should
 * it end all the same, that is a problem, which the daemon reports.
 */
public final class Worker {
  private static final long PAUSE_MS = 100;

  private final String who;
  private final Turn turn;
  private final Defects defects;
  private final Thread thread;
  private volatile boolean started;
  private volatile boolean finished;

  /** A turn of the work. */
  @FunctionalInterface
  public interface Turn {
    /** Does some work, and returns whether there is to be another turn. */
    boolean take() throws InterruptedException;
  }

  /**
   * @param name the thread's
   * @param does what the thread does, in words that follow "which" in a message
   */
  public Worker(String name, String does, Turn turn) {
    this.who = "the thread %s, which %s,".formatted(name, does);
    this.turn = turn;
    this.defects = new Defects(who);
    this.thread = new Thread(this::run, name);
  }

  public void start() {
    thread.start();
    started = true;
  }

  private void run() {
    boolean goesOn = true;
    while (goesOn) {
      try {
        goesOn = turn.take();
      } catch (Throwable defect) { // an interrupt too: nobody here interrupts
        defects.met(defect);
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MS));
      }
    }
    finished = true;
  }

  /** Returns when the last turn has ended. At once if the thread was never started. */
  public void join() throws InterruptedException {
    thread.join();
  }

  /** Whether the thread is gone although nobody told it to end. */
  public boolean isLost() {
    return started && !finished && !thread.isAlive();
  }

  /** What an admin should know; empty if all is well. */
  public List<String> problems() {
    List<String> problems = new ArrayList<>(defects.problems());
    if (isLost()) {
      problems.add(who + " has ended; restart metakeyd, and report this with its log");
    }
    return problems;
  }
}
