package dev.metakey.bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The options of {@link Bench}.
 *
 * @param parts which are measured
 * @param image the installation that is measured
 * @param work a directory that whoever starts this removes; its disk is measured
 * @param run another such directory, for sockets and published files
 * @param bpffs another such directory, where maps may be pinned; {@code none} if they may not
 * @param lookups the program made of lookups.c; may be missing
 * @param results where to write them
 */
record Options(
    Form form,
    Set<String> parts,
    Path image,
    Path work,
    Path run,
    String bpffs,
    Path lookups,
    Path results) {
  static final String CALLS = "calls";
  static final String CLIENTS = "clients";
  static final String WATCHERS = "watchers";
  static final String HISTORY = "history";
  static final String COMMANDS = "commands";
  static final String NEIGHBOURS = "neighbours";
  static final String IDLE = "idle";
  static final String FLEET = "fleet";
  static final String SOAK = "soak";
  private static final Set<String> PARTS =
      new TreeSet<>(
          List.of(CALLS, CLIENTS, WATCHERS, HISTORY, COMMANDS, NEIGHBOURS, IDLE, FLEET, SOAK));

  /** Measured only if it is asked for, as it takes as long as all the others. */
  private static final Set<String> ON_DEMAND = Set.of(SOAK);

  /**
   * How much is measured.
   *
   * @param rounds how many rounds of some tens of calls of each kind
   * @param warmUpRounds how many rounds before them, which do not count
   * @param runMs how long each throughput is measured, each time
   * @param repeats how many times each throughput is measured
   * @param clients how many there are at once
   * @param watchers how many are told of one change
   * @param changes how many they are told of
   * @param idle how many watch although nothing happens
   * @param starts how often each server is started
   * @param history how many changes a server has seen before it is started
   * @param commands how often each is run
   * @param hosts how many a fleet has
   * @param soakMs how long everything is done at once
   * @param isWhole whether what is measured only on demand is measured too
   */
  record Form(
      String name,
      int rounds,
      int warmUpRounds,
      int runMs,
      int repeats,
      List<Integer> clients,
      int watchers,
      int changes,
      int idle,
      int starts,
      List<Integer> history,
      int commands,
      int hosts,
      int soakMs,
      boolean isWhole) {
    static final Form SHORT =
        new Form(
            "short",
            2,
            1,
            50,
            1,
            List.of(1, 8),
            20,
            5,
            100,
            1,
            List.of(0, 500),
            1,
            20,
            2_000,
            true);
    static final Form STANDARD =
        new Form(
            "standard",
            100,
            150,
            700,
            3,
            List.of(1, 8, 64, 512),
            1000,
            100,
            10_000,
            10,
            List.of(0, 10_000),
            20,
            1_000,
            600_000,
            false);
    static final Form LONG =
        new Form(
            "long",
            300,
            150,
            2000,
            5,
            List.of(1, 8, 64, 512),
            1000,
            300,
            10_000,
            20,
            List.of(0, 10_000, 1_000_000),
            50,
            1_000,
            600_000,
            true);
  }

  /**
   * @param words what {@code bench/run.sh} said ({@code --image} and so on), then what the user
   *     said
   * @throws IllegalArgumentException saying what is wrong
   */
  static Options parse(List<String> words) {
    Form form = Form.STANDARD;
    Set<String> parts = new TreeSet<>();
    Map<String, String> places = new HashMap<>();
    Iterator<String> rest = words.iterator();
    while (rest.hasNext()) {
      String word = rest.next();
      switch (word) {
        case "--short" -> form = Form.SHORT;
        case "--long" -> form = Form.LONG;
        case "--image", "--work", "--run", "--bpffs", "--lookups", "--results" ->
            places.put(word, rest.hasNext() ? rest.next() : "");
        default -> parts.add(part(word));
      }
    }
    return new Options(
        form,
        parts.isEmpty() ? all(form) : parts,
        place(places, "--image"),
        place(places, "--work"),
        place(places, "--run"),
        place(places, "--bpffs").toString(),
        place(places, "--lookups"),
        place(places, "--results"));
  }

  private static Set<String> all(Form form) {
    Set<String> all = new TreeSet<>(PARTS);
    if (!form.isWhole()) {
      all.removeAll(ON_DEMAND);
    }
    return all;
  }

  private static Path place(Map<String, String> places, String option) {
    String place = places.get(option);
    if (place == null) {
      throw new IllegalArgumentException(option + " is missing; bench/run.sh gives it");
    }
    return Path.of(place);
  }

  private static String part(String word) {
    if (!PARTS.contains(word)) {
      throw new IllegalArgumentException(
          "'%s': no such option or part; there are --short, --long, and the parts %s"
              .formatted(word, String.join(", ", PARTS)));
    }
    return word;
  }

  boolean measures(String part) {
    return parts.contains(part);
  }
}
