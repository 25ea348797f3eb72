package dev.metakey.server.engine;

import dev.metakey.server.log.Event;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The defects that one part of the daemon met. Each kind is logged once, with its stack trace; all
 * are counted, and they are a problem until the daemon is restarted, so that somebody reports them.
 * Thread-safe.
 */
public final class Defects {

  /** How many kinds are logged at most. */
  private static final int MAX_KINDS = 100;

  private final String who;
  private final Set<String> kinds = ConcurrentHashMap.newKeySet();
  private final AtomicLong count = new AtomicLong();

  /**
   * @param who which part that is, as messages name it
   */
  public Defects(String who) {
    this.who = who;
  }

  /** Takes note of a defect. Never throws, even when there is no memory to log it with. */
  public void met(Throwable defect) {
    count.incrementAndGet();
    try {
      if (kinds.size() < MAX_KINDS && kinds.add(kindOf(defect))) {
        Event.DEFECT.say(who + " met a defect and goes on; please report this", defect);
      }
    } catch (RuntimeException | Error untold) {
      // It is counted, and status tells of it.
    }
  }

  /** The same defect has the same class and comes from the same place. */
  private static String kindOf(Throwable defect) {
    StackTraceElement[] trace = defect.getStackTrace();
    return defect.getClass().getName() + (trace.length == 0 ? "" : " at " + trace[0]);
  }

  /** A task that does the same, but never throws: what it meets is noted here. */
  public Runnable guard(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (RuntimeException | Error defect) {
        met(defect);
      }
    };
  }

  /** What an admin should know; empty if there was no defect. */
  public List<String> problems() {
    long met = count.get();
    return met == 0
        ? List.of()
        : List.of(
            "%s met a defect %s and goes on; the daemon's log has the cause, please report it"
                .formatted(who, met == 1 ? "once" : met + " times"));
  }
}
