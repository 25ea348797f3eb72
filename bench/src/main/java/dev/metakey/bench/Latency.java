package dev.metakey.bench;

import io.grpc.Channel;
import java.util.EnumMap;
import java.util.Map;

/**
 * How long one caller waits for each kind of call. The kinds take turns, some tens of calls at a
 * time, so that whatever else the machine does falls on all of them alike.
 */
final class Latency {
  /** Kinds of calls, in the order of their turns. */
  enum Kind {
    EMPTY("empty call, bare server"),
    PUT("synced put, bare RocksDB"),
    PUT_INLINE("call with a synced put, bare server"),
    PUT_IN_CALL("that put alone"),
    HEALTH("health check, daemon"),
    RESOLVE("resolve"),
    EXISTING("register, existing"),
    CREATE("register, new"),
    RELEASE("release");

    final String words;

    Kind(String words) {
      this.words = words;
    }
  }

  /** Fields that are there all the time. */
  static final int EXISTING_FIELDS = 16;

  private static final int CALLS = 50;

  /** How many names are new in each round: as many as there are ids left, about. */
  private static final int NEW_NAMES = 40;

  private static final long PAST_QUARANTINE_MS = Subject.QUARANTINE_MS + 10;

  /** How long ids may take to become free, and how often to look meanwhile. */
  private static final long PATIENCE_NS = 30_000_000_000L;

  private static final long PAUSE_MS = 10;

  private final Channel floor;
  private final Registrar registrar;
  private final Map<Kind, Samples> samples = new EnumMap<>(Kind.class);
  private long names;
  private long releasedAtNs = System.nanoTime();

  Latency(Channel floor, Channel daemon) {
    this.floor = floor;
    this.registrar = new Registrar(daemon);
    for (int i = 0; i < EXISTING_FIELDS; i++) {
      registrar.register(existing(i));
    }
  }

  static String existing(int index) {
    return "bench.field_" + index;
  }

  /** Forgets the samples of earlier runs, which so were warm-up. */
  Map<Kind, Samples> run(int rounds) throws InterruptedException {
    for (Kind kind : Kind.values()) {
      samples.put(kind, new Samples());
    }
    for (int i = 0; i < rounds; i++) {
      round();
    }
    return samples;
  }

  private void round() throws InterruptedException {
    time(Kind.EMPTY, i -> Floor.empty(floor));
    samples(Kind.PUT).addAll(Floor.puts(floor, CALLS));
    time(Kind.PUT_INLINE, i -> samples(Kind.PUT_IN_CALL).add(Floor.putInline(floor)));
    time(Kind.HEALTH, i -> registrar.health());
    time(Kind.RESOLVE, i -> registrar.resolve(existing(i % EXISTING_FIELDS)));
    time(Kind.EXISTING, i -> registrar.register(existing(i % EXISTING_FIELDS)));
    createAndRelease();
  }

  /**
   * Waits until what was released is free again. That takes a look at the kernel which began when
   * the quarantine was over, and the daemon's own come seconds apart; but each release has it look.
   *
   * @throws IllegalStateException if the daemon frees nothing
   */
  void awaitFreed() throws InterruptedException {
    long sinceMs = (System.nanoTime() - releasedAtNs) / 1_000_000;
    Thread.sleep(Math.max(0, PAST_QUARANTINE_MS - sinceMs));
    String look = existing(EXISTING_FIELDS);
    long endNs = System.nanoTime() + PATIENCE_NS;
    do {
      registrar.register(look);
      registrar.release(look);
      if (registrar.retired() <= 1) {
        return;
      }
      Thread.sleep(PAUSE_MS);
    } while (System.nanoTime() < endNs);
    throw new IllegalStateException(
        "the daemon frees no ids although their quarantine is over: it may not look at loaded programs"
            + " (run this as root), or a program is linked to them");
  }

  private void createAndRelease() throws InterruptedException {
    awaitFreed();
    long first = names;
    names += NEW_NAMES;
    time(Kind.CREATE, NEW_NAMES, i -> registrar.register("bench.new_" + (first + i)));
    time(Kind.RELEASE, NEW_NAMES, i -> registrar.release("bench.new_" + (first + i)));
    releasedAtNs = System.nanoTime();
  }

  private interface Call {
    void make(int index);
  }

  private void time(Kind kind, Call call) {
    time(kind, CALLS, call);
  }

  private void time(Kind kind, int times, Call call) {
    Samples into = samples(kind);
    for (int i = 0; i < times; i++) {
      long startNs = System.nanoTime();
      call.make(i);
      into.add(System.nanoTime() - startNs);
    }
  }

  private Samples samples(Kind kind) {
    return samples.computeIfAbsent(kind, k -> new Samples());
  }
}
