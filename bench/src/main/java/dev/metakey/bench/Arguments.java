package dev.metakey.bench;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Load} is told.
 *
 * @param metakeyd a launcher to start the daemon with; null: from this build's classes
 * @param socket of a daemon that runs already; null: start one
 * @param data where the daemon, and the floor, keep their databases; null: a temporary directory
 * @param rounds how often each latency is sampled, some tens of calls each time
 * @param seconds how long each throughput is measured, each time
 * @param watchers how many are told of one change
 */
record Arguments(
    @Nullable Path metakeyd,
    @Nullable Path socket,
    @Nullable Path data,
    int rounds,
    int seconds,
    int watchers) {
  static final String USAGE =
      """
      usage: dev.metakey.bench.Load [--metakeyd LAUNCHER | --socket PATH] [--data DIR]
                                    [--rounds N] [--seconds N] [--watchers N]
        --metakeyd LAUNCHER  start the daemon of an installation; default: this build's classes
        --socket PATH        use a daemon that runs: with an empty registry, an area of 144 or
                             more, and a quarantine of 50ms
        --data DIR           whose disk to measure; default: the temporary directory's
        --rounds N           latencies: rounds of 40-50 calls of each kind; default 100
        --seconds N          throughput: how long each of 3 times; default 1; 0: not at all
        --watchers N         default 1000; 0: none""";

  /**
   * @throws IllegalArgumentException saying what is wrong
   */
  static Arguments parse(List<String> words) {
    Path metakeyd = null;
    Path socket = null;
    Path data = null;
    int rounds = 100;
    int seconds = 1;
    int watchers = 1000;
    Iterator<String> rest = words.iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      if (!rest.hasNext()) {
        throw new IllegalArgumentException("'%s': no such option, or no value".formatted(option));
      }
      String value = rest.next();
      switch (option) {
        case "--metakeyd" -> metakeyd = Path.of(value);
        case "--socket" -> socket = Path.of(value);
        case "--data" -> data = Path.of(value);
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--seconds" -> seconds = Integer.parseInt(value);
        case "--watchers" -> watchers = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("'%s': no such option".formatted(option));
      }
    }
    return new Arguments(metakeyd, socket, data, rounds, seconds, watchers);
  }
}
