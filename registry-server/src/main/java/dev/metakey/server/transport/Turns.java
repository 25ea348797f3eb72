package dev.metakey.server.transport;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Divides an event loop's time between uids. In a turn, from one look at what has come in to the
 * next, each uid has {@value #BYTES} bytes handled that it sent, from however many connections;
 * what is more waits for a later turn. So nobody waits for more than a small part of what another
 * one sent, and a uid that is alone has all of the loop.
 *
 * <p><b>Concurrency.</b> Belongs to its loop's thread.
 */
final class Turns {
  /**
   * So much is read from a connection at a time: ten small calls, which take half a millisecond.
   */
  static final int BYTES = 512;

  private final ScheduledExecutorService loop;
  private final Map<Integer, Integer> done = new HashMap<>(); // bytes of each uid in this turn
  private final Map<Integer, Queue<Waiting>> waiting = new LinkedHashMap<>();
  private boolean ends; // whether the loop will come to the end of this turn

  private record Waiting(int bytes, Runnable work) {}

  Turns(ScheduledExecutorService loop) {
    this.loop = loop;
  }

  /** Has what a uid sent handled: at once, or in a later turn and after what waits of it. */
  void handle(int uid, int bytes, Runnable work) {
    if (!ends) {
      ends = true;
      loop.execute(this::end); // it does its tasks when it has read
    }
    if (waiting.containsKey(uid) || !hasTurn(uid)) {
      waiting.computeIfAbsent(uid, first -> new ArrayDeque<>()).add(new Waiting(bytes, work));
    } else {
      done.merge(uid, bytes, Integer::sum);
      work.run();
    }
  }

  private boolean hasTurn(int uid) {
    return done.getOrDefault(uid, 0) < BYTES;
  }

  /** Begins the next turn, with what waits for it. */
  private void end() {
    done.clear();
    try {
      List.copyOf(waiting.keySet()).forEach(this::handleWaiting);
    } finally {
      ends = !done.isEmpty() || !waiting.isEmpty();
      if (ends) { // not as a task: the loop does tasks that tasks add before it reads
        var unused = loop.schedule(this::end, 0, TimeUnit.NANOSECONDS);
      }
    }
  }

  private void handleWaiting(int uid) {
    Queue<Waiting> theirs = Objects.requireNonNull(waiting.get(uid));
    while (!theirs.isEmpty() && hasTurn(uid)) {
      Waiting next = theirs.remove();
      if (theirs.isEmpty()) {
        waiting.remove(uid);
      }
      done.merge(uid, next.bytes, Integer::sum);
      next.work.run();
    }
  }
}
