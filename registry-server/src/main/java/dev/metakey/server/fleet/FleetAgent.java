package dev.metakey.server.fleet;

import dev.metakey.model.Change;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FleetHost;
import dev.metakey.model.FleetStatus;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.engine.CommitListener;
import dev.metakey.server.engine.Engine;
import dev.metakey.server.engine.Worker;
import dev.metakey.server.fleet.ClaimResults.Result;
import dev.metakey.server.fleet.FleetStore.Entry;
import dev.metakey.server.log.Event;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps this host in touch with its fleet.
 *
 * <p><b>Concurrency.</b> One thread, {@code registry-fleet}, asks the store and waits for it; any
 * other hands its work over and gets a future, which completes on that thread. Claims come one
 * after the other.
 *
 * <p><b>Failure.</b> When the store does not answer, all that waits is told at once, the rules
 * learn that the fleet is away, and the store is asked again after a pause that grows up to a
 * minute. The pause is a random part of that, so that a thousand hosts do not come at once; it ends
 * early when somebody asks for what only the store can give.
 */
public final class FleetAgent implements CommitListener, AutoCloseable {
  private static final int MOST_CLAIMS = 64;
  private static final int MOST_NEWS = 1_024;
  private static final long SHORTEST_PAUSE_MS = 1_000;
  private static final long LONGEST_PAUSE_MS = 60_000;

  /** All is read again now and then, in case that a change was not told, milliseconds. */
  private static final long READ_AGAIN_MS = 300_000;

  /** Some work with the store. */
  interface Task {
    void run() throws FleetException;
  }

  /** Asks for something. */
  private interface Question<T> {
    T ask() throws FleetException;
  }

  private volatile FleetStore store;
  private final Membership membership;
  private FleetVerbs verbs;
  private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
  private final AtomicBoolean reconciles = new AtomicBoolean();
  private final AtomicInteger claims = new AtomicInteger();
  private final ClaimResults results = new ClaimResults();
  private final Worker worker =
      new Worker("registry-fleet", "agrees with other hosts on names", this::turn);
  private volatile boolean closing;
  private volatile FleetStatus status;
  private FleetStore.@Nullable Watch watch;
  private @Nullable News news;
  private long dueMs;
  private long soonestMs;
  private int failures;
  private String why = "it was not asked yet";
  private volatile String refused = "";
  private long sinceMs = System.currentTimeMillis();

  FleetAgent(FleetStore store, Membership membership) {
    this.store = store;
    this.membership = membership;
    this.verbs = new FleetVerbs(store, membership);
    this.dueMs = nowMs();
    membership.recall();
    this.status = look();
  }

  /**
   * Makes the agent of a host; the rules know already what the host knows of its fleet.
   *
   * @param access how etcd is reached
   * @param engine of its registry
   */
  public static FleetAgent of(
      FleetSettings settings, EtcdAccess access, ThisHost host, Engine engine) {
    return of(settings, new EtcdStore(access), host, engine);
  }

  /**
   * As {@link #of(FleetSettings, EtcdAccess, ThisHost, Engine)}, with another store.
   *
   * @param store is closed with the agent
   */
  public static FleetAgent of(
      FleetSettings settings, FleetStore store, ThisHost host, Engine engine) {
    return new FleetAgent(
        store, new Membership(settings, store, host, engine, System::currentTimeMillis));
  }

  public void start() {
    worker.start();
  }

  private static long nowMs() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  boolean turn() throws InterruptedException {
    long restMs = dueMs - nowMs();
    Task task = restMs > 0 ? tasks.poll(restMs, TimeUnit.MILLISECONDS) : this::connect;
    if (closing) {
      return false;
    }
    if (task != null) {
      work(task);
    }
    return true;
  }

  /** For the agent's thread, and for tests in its place. */
  void work(Task task) {
    try {
      task.run();
    } catch (FleetException e) {
      lose(e.why());
    } finally {
      if (membership.hasOpenClaims()) {
        dueMs = Math.min(dueMs, nowMs() + Membership.CLAIMED_MS);
      }
      status = look();
    }
  }

  private void connect() throws FleetException {
    endWatch();
    membership.connect();
    News next = new News();
    news = next;
    watch = store.watch(membership.keys().names(), membership.revision(), next);
    failures = 0;
    dueMs = nowMs() + READ_AGAIN_MS / 2 + random(READ_AGAIN_MS);
    if (!why.isEmpty()) {
      why = "";
      sinceMs = System.currentTimeMillis();
      Event.FLEET_CONNECTED.say(
          "the fleet answers, at revision %d".formatted(membership.revision()));
    }
  }

  private void lose(String reason) {
    endWatch();
    membership.disconnected();
    if (closing) {
      return;
    }
    if (why.isEmpty() || failures == 0) {
      sinceMs = why.isEmpty() ? System.currentTimeMillis() : sinceMs;
      Event.FLEET_AWAY.say("the fleet is away, and this host goes on by what it knows: " + reason);
    }
    why = reason;
    long longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS << Math.min(failures, 6));
    failures++;
    dueMs = nowMs() + 50 + random(longest);
    soonestMs = nowMs() + SHORTEST_PAUSE_MS / 2 + random(SHORTEST_PAUSE_MS);
  }

  /**
   * Somebody wants what the store alone can give, so it is asked again within a second and a half.
   */
  private void hurry() {
    if (!membership.isConnected()) {
      dueMs = Math.min(dueMs, soonestMs);
    }
  }

  /** How long it is until the store is asked again by itself, milliseconds. For tests. */
  long restMs() {
    return dueMs - nowMs();
  }

  private static long random(long boundMs) {
    return ThreadLocalRandom.current().nextLong(boundMs);
  }

  private void endWatch() {
    news = null;
    if (watch != null) {
      watch.close();
      watch = null;
    }
  }

  /** What a watch tells, as long as it is the last one. */
  private final class News implements FleetStore.Listener {
    private final AtomicInteger waiting = new AtomicInteger();
    private boolean flooded;

    @Override
    public synchronized void changed(List<Entry> entries, long revision) {
      if (flooded) {
        return;
      }
      if (waiting.incrementAndGet() > MOST_NEWS) {
        flooded = true;
        ended("more changes than can be taken on");
        return;
      }
      tasks.add(
          () -> {
            waiting.decrementAndGet();
            if (news == this) {
              membership.changed(entries, revision);
            }
          });
    }

    @Override
    public void ended(String reason) {
      tasks.add(
          () -> {
            if (news == this) {
              endWatch();
              connect(); // a member that is gone is not a fleet that is
            }
          });
    }
  }

  /**
   * Has the fleet give names a place, where it has none for them yet.
   *
   * @return completes when the rules know what there is to know, also if that is nothing: the rules
   *     then refuse the name. Fails with {@link MetakeyException} if the fleet has no room.
   */
  public CompletableFuture<Void> claim(List<FieldSpec> specs, String service) {
    if (claims.get() >= MOST_CLAIMS) {
      return CompletableFuture.failedFuture(
          new MetakeyException(
              Reason.UNAVAILABLE,
              "%d names wait for the fleet already; try again later".formatted(MOST_CLAIMS),
              Map.of("limit", Integer.toString(MOST_CLAIMS))));
    }
    claims.incrementAndGet();
    CompletableFuture<Void> done = new CompletableFuture<>();
    tasks.add(
        () -> {
          try {
            if (membership.isConnected()) {
              for (FieldSpec spec : specs) {
                results.count(membership.claim(spec, service) ? Result.GRANTED : Result.AWAY);
              }
            } else {
              specs.forEach(spec -> results.count(Result.AWAY));
              hurry();
            }
          } catch (MetakeyException refused) {
            results.count(Result.REFUSED);
            done.completeExceptionally(refused);
          } catch (FleetException e) {
            results.count(Result.AWAY);
            lose(e.why()); // before the answer, so that the rules give the right reason
          } finally {
            claims.decrementAndGet();
            done.complete(null);
          }
        });
    return done;
  }

  @Override
  public void committed(Snapshot snapshot, List<Change> changes) {
    if (reconciles.compareAndSet(false, true)) {
      tasks.add(
          () -> {
            reconciles.set(false);
            if (membership.isConnected() && membership.isRenamed()) {
              connect();
            } else if (membership.isConnected()) {
              membership.reconcile();
            }
          });
    }
  }

  /** How the host and its fleet get on, but for what the host has otherwise. Never waits. */
  public FleetStatus status() {
    return status;
  }

  private FleetStatus look() {
    Fleet fleet = membership.fleet();
    return new FleetStatus(
        fleet.name(),
        fleet.joined(),
        why.isEmpty(),
        sinceMs,
        why.isEmpty() ? membership.notJoined() : why,
        membership.revision(),
        fleet.firstId(),
        fleet.lastId(),
        fleet.prefixes().toString(),
        membership.hosts(),
        (int) fleet.fields().values().stream().filter(field -> !field.retired()).count(),
        0,
        membership.quota(),
        membership.problems());
  }

  /**
   * Goes on with other settings and another store. While the present store answers, the other one
   * has to know the fleet, or all stays as it is.
   *
   * @param next is closed with the agent
   * @return completes with why all stays; empty if it does not
   */
  public CompletableFuture<String> take(FleetSettings wanted, FleetStore next) {
    return ask(
        () -> {
          String obstacle = membership.isConnected() ? membership.obstacle(next) : "";
          if (!obstacle.isEmpty()) {
            next.close();
            refused =
                "the section 'fleet' of the config was read again, and what was there stays: "
                    + obstacle;
            return refused;
          }
          refused = "";
          store.close();
          store = next;
          verbs = new FleetVerbs(next, membership);
          membership.take(wanted, next);
          if (closing) {
            next.close();
          }
          try {
            connect();
          } catch (FleetException e) {
            lose(e.why());
          }
          return "";
        });
  }

  /** How many names were claimed since the start, by what became of it. */
  public Map<String, Long> claims() {
    return results.counts();
  }

  /** What an admin should know; empty if all is well. */
  public List<String> problems() {
    FleetStatus now = status;
    List<String> problems = new ArrayList<>(worker.problems());
    if (!refused.isEmpty()) {
      problems.add(refused);
    }
    if (!now.connected()) {
      problems.add(
          "the fleet is away since %s: %s"
              .formatted(Instant.ofEpochMilli(now.sinceMs()), now.why()));
    }
    if (now.connected() && !now.why().isEmpty()) {
      problems.add("this host has not joined its fleet: " + now.why());
    }
    now.problems().stream().filter(each -> !each.equals(now.why())).forEach(problems::add);
    return problems;
  }

  /** Joins with the names that this host has already. Fails with {@link FleetException}. */
  public CompletableFuture<Boolean> join() {
    return ask(
        () -> {
          membership.join();
          return true;
        });
  }

  /** The hosts that have joined. Fails with {@link FleetException}. */
  public CompletableFuture<List<FleetHost>> hosts() {
    return ask(verbs::hosts);
  }

  /**
   * A host is gone for good: what it held is free for others after the quarantine.
   *
   * @param who its name, if there is one of it, or the id of its registry
   * @return completes with how many there are of it; 1: it is forgotten
   */
  public CompletableFuture<Integer> forget(String who) {
    return ask(() -> verbs.forget(who));
  }

  /** All that the store has of the fleet, as JSON. Fails with {@link FleetException}. */
  public CompletableFuture<String> export() {
    return ask(verbs::export);
  }

  private <T> CompletableFuture<T> ask(Question<T> question) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    tasks.add(
        () -> {
          hurry();
          try {
            T value = question.ask();
            status = look(); // before the answer: whoever asks then sees what has become of it
            answer.complete(value);
          } catch (FleetException | MetakeyException e) {
            answer.completeExceptionally(e);
          } catch (RuntimeException | Error e) {
            answer.completeExceptionally(e);
            throw e;
          }
        });
    return answer;
  }

  /** Nobody is told that this host is gone: it will be there again. */
  @Override
  public void close() throws InterruptedException {
    closing = true;
    store.close();
    tasks.add(() -> {});
    worker.join();
    endWatch();
  }
}
