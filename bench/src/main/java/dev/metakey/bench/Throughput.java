package dev.metakey.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Many clients at once, each on a connection of its own, and each making one call after the other.
 * Clients of a server share one thread, to leave the cores to the server. Clients of a database in
 * this process have a thread each, as the database has none.
 */
final class Throughput {
  /** What a client does over and over, and the name that it alone uses. */
  record Work(List<Op> turns, String name) {
    static Work claiming(String name) {
      return new Work(List.of(Op.CLAIM, Op.RELEASE), name);
    }

    static Work lookingUp(String name) {
      return new Work(List.of(Op.LOOK_UP), name);
    }
  }

  private final LongAdder answered = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final CountDownLatch running;
  private final long endNs;
  private final long mostCalls;

  private Throughput(int clients, long durationNs, long mostCalls) {
    this.running = new CountDownLatch(clients);
    this.endNs = System.nanoTime() + durationNs;
    this.mostCalls = mostCalls;
  }

  /**
   * @return calls a second
   */
  static double ofServer(List<AsyncConnection> connections, List<Work> work, long durationNs)
      throws InterruptedException {
    return run(connections, work, new Throughput(connections.size(), durationNs, Long.MAX_VALUE));
  }

  /** Makes this many calls on each connection, however long that takes. */
  static void calls(List<AsyncConnection> connections, List<Work> work, long each)
      throws InterruptedException {
    var unused =
        run(connections, work, new Throughput(connections.size(), Long.MAX_VALUE / 2, each));
  }

  private static double run(List<AsyncConnection> connections, List<Work> work, Throughput run)
      throws InterruptedException {
    long startNs = System.nanoTime();
    for (int i = 0; i < connections.size(); i++) {
      run.new Loop(connections.get(i), work.get(i)).next();
    }
    return run.await(startNs);
  }

  /**
   * @return calls a second
   */
  static double ofDatabase(List<Connection> connections, List<Work> work, long durationNs)
      throws InterruptedException {
    Throughput run = new Throughput(connections.size(), durationNs, Long.MAX_VALUE);
    long startNs = System.nanoTime();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < connections.size(); i++) {
      Connection connection = connections.get(i);
      Work done = work.get(i);
      threads.add(new Thread(() -> run.loop(connection, done), "bench-database"));
    }
    threads.forEach(Thread::start);
    return run.await(startNs);
  }

  private void loop(Connection connection, Work work) {
    try {
      for (long turn = 0; isGoingOn(work, turn); turn++) {
        connection.call(opOf(work, turn), work.name());
        answered.increment();
      }
    } catch (RuntimeException e) {
      failure.set(e);
    } finally {
      running.countDown();
    }
  }

  private double await(long startNs) throws InterruptedException {
    running.await();
    Throwable failed = failure.get();
    if (failed != null) {
      throw new IllegalStateException(failed);
    }
    return answered.sum() * 1e9 / (System.nanoTime() - startNs);
  }

  /** A client ends only after a whole round of turns, so that nothing stays claimed. */
  private boolean isGoingOn(Work work, long turn) {
    return turn % work.turns().size() != 0
        || (System.nanoTime() < endNs && turn < mostCalls && failure.get() == null);
  }

  private static Op opOf(Work work, long turn) {
    return work.turns().get((int) (turn % work.turns().size()));
  }

  private final class Loop implements AsyncConnection.Done {
    private final AsyncConnection connection;
    private final Work work;
    private long turn;

    Loop(AsyncConnection connection, Work work) {
      this.connection = connection;
      this.work = work;
    }

    void next() {
      if (isGoingOn(work, turn)) {
        connection.submit(opOf(work, turn++), work.name(), this);
      } else {
        running.countDown();
      }
    }

    @Override
    public void ended() {
      answered.increment();
      next();
    }

    @Override
    public void failed(Throwable cause) {
      failure.set(cause);
      running.countDown();
    }
  }
}
