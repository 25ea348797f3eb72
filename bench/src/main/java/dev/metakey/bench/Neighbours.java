package dev.metakey.bench;

import dev.metakey.bench.Abuser.Limit;
import dev.metakey.bench.Group.Unit;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * What it costs a user that another one takes all it may have of something, and tries to get more:
 * an honest client measures alone, beside an {@link Abuser}, and beside one that does the same to
 * another daemon, in turns, each as a user of its own. The last tells what the machine has to do
 * with it. The abuser stands back for everybody in the scheduler, as how the cores are divided is
 * not for the daemon to say.
 */
final class Neighbours {
  private static final int HONEST = 65_533;
  private static final int ABUSER = 65_534;
  private static final long PATIENCE_S = 60;
  private static final int CALLS_A_ROUND = 3;

  /** A turn is over then, however slow the answers are: there are ninety in the standard form. */
  private static final int TURN_MS = 1_500;

  private static final double MOST = 2;
  private static final double NS_PER_US = 1_000;
  private static final String WHY = "what one user does costs another time";

  private static final String POLICY =
      """
        - { rule: honest, uid: %d, allow: all, quota: { ids: 16 } }
        - { rule: abuser, uid: %d, allow: all, quota: { ids: 16, slot_bytes: 64 } }
      """
          .formatted(HONEST, ABUSER);

  private final Workbench bench;
  private final int calls;
  private final int turns;

  Neighbours(Workbench bench) {
    this.bench = bench;
    this.calls = bench.options.form().rounds() * CALLS_A_ROUND;
    this.turns = bench.options.form().repeats();
  }

  void measure(Results results) throws Exception {
    String missing = OtherUser.missing(ABUSER);
    if (missing != null) {
      results.leftOut.add("neighbours at their limits: " + missing);
      return;
    }
    try (Opened opened = new Opened()) {
      String socket = daemon(opened);
      String elsewhere = daemon(opened);
      OtherUser honest =
          opened.add(new OtherUser(bench, HONEST, false, HonestClient.class.getName(), socket));
      ask(honest, noSamples());
      for (Limit limit : Limit.values()) {
        report(results, limit, measure(honest, limit, socket, elsewhere));
      }
    }
  }

  /** Starts one, and returns its socket. */
  private String daemon(Opened opened) throws Exception {
    MetakeyServer server = opened.add(bench.metakeyAlone().ruledBy(POLICY));
    var unused = server.start();
    server.prepareLongAnswers();
    return server.socket().toString();
  }

  /**
   * What an honest client was answered alone, beside an abuser, and beside one of another daemon.
   */
  private record Times(
      Map<HonestClient.Kind, Samples> alone,
      Map<HonestClient.Kind, Samples> beside,
      Map<HonestClient.Kind, Samples> apart) {}

  private Times measure(OtherUser honest, Limit limit, String socket, String elsewhere)
      throws Exception {
    Times times = new Times(noSamples(), noSamples(), noSamples());
    for (int turn = 0; turn < turns; turn++) {
      ask(honest, times.alone);
      askBeside(honest, limit, socket, times.beside);
      askBeside(honest, limit, elsewhere, times.apart);
    }
    return times;
  }

  private void askBeside(
      OtherUser honest, Limit limit, String socket, Map<HonestClient.Kind, Samples> into)
      throws Exception {
    try (OtherUser abuser =
        new OtherUser(bench, ABUSER, true, Abuser.class.getName(), socket, limit.name())) {
      awaitFull(abuser, limit);
      ask(honest, into);
    }
  }

  private void ask(OtherUser honest, Map<HonestClient.Kind, Samples> into) throws IOException {
    honest.order(calls + " " + TURN_MS);
    String line = honest.answer();
    while (!line.equals(HonestClient.DONE)) {
      String[] words = line.split(" ", -1);
      Samples samples = Objects.requireNonNull(into.get(HonestClient.Kind.valueOf(words[0])));
      samples.add(Long.parseLong(words[1]));
      line = honest.answer();
    }
  }

  private static void awaitFull(OtherUser abuser, Limit limit)
      throws IOException, InterruptedException {
    CompletableFuture<String> full =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return abuser.answer();
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try {
      var unused = full.get(PATIENCE_S, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("nobody is refused who takes all %s".formatted(limit.words), e);
    }
  }

  private static void report(Results results, Limit limit, Times times) {
    Group group =
        results.group(
            new Group(
                "p99 of a user beside one that takes all " + limit.words, Unit.MICROSECONDS, null));
    for (HonestClient.Kind kind : HonestClient.Kind.values()) {
      String alone = kind.words + ", alone";
      group.add(row(alone, Objects.requireNonNull(times.alone.get(kind))));
      group.add(
          row(
              kind.words + ", beside it",
              Objects.requireNonNull(times.beside.get(kind)),
              Goal.within(MOST, alone, WHY)));
      group.add(
          row(
              kind.words + ", beside one of another daemon",
              Objects.requireNonNull(times.apart.get(kind))));
    }
  }

  private static Group.Row row(String name, Samples samples, Goal... goals) {
    String median =
        "median %s of %d"
            .formatted(Results.figure(samples.percentileNs(0.5) / NS_PER_US), samples.count());
    return new Group.Row(
        name, samples.percentileNs(0.99) / NS_PER_US, null, median, List.of(goals));
  }

  private static Map<HonestClient.Kind, Samples> noSamples() {
    Map<HonestClient.Kind, Samples> samples = new EnumMap<>(HonestClient.Kind.class);
    for (HonestClient.Kind kind : HonestClient.Kind.values()) {
      samples.put(kind, new Samples());
    }
    return samples;
  }
}
