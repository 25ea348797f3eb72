package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.system.Way.Count;
import dev.metakey.system.Way.Place;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shell in a lab that {@code ways.sh} serves: one for all ways, as processes cost the most. */
final class WaysShell implements AutoCloseable {
  private static final Pattern ENTRY =
      Pattern.compile("\"formatted\":\\{\"key\":(\\d+),\"value\":(\\d+)}");

  private final Process process;
  private final Writer in;
  private final BufferedReader out;
  private final Path errors;
  private Map<Place, Count> before = new EnumMap<>(Place.class);

  WaysShell(Lab lab, Path errors) throws IOException {
    this.errors = errors;
    process =
        lab.process(". %s && serve".formatted(CBuild.source("ways.sh")))
            .redirectError(errors.toFile())
            .start();
    in = process.outputWriter();
    out = process.inputReader();
    for (Place place : Place.values()) {
      before.put(place, new Count(0, 0, 0));
    }
  }

  /** Sends packets on the way; what was counted, or nothing where the kernel lacks the device. */
  Optional<Map<Place, Count>> send(Way way, int packets) throws Exception {
    String said = ask(way.script() + "\0");
    if (said.equals("no device")) {
      return Optional.empty();
    }
    assertThat(said)
        .as("%s; the shell said %s", way.name(), Files.readString(errors))
        .isEqualTo("sent");
    try {
      Host.await(
          "packets at each of %s, on the way: %s".formatted(way.places(), way.name()),
          () -> way.arrived(counted(), packets));
      Map<Place, Count> counts = counted();
      assertThat(counts.values().stream().mapToLong(Count::wrong).sum())
          .as("values that nobody set, on the way: %s; %s", way.name(), counts)
          .isZero();
      return Optional.of(counts);
    } finally {
      before = total();
      tell("done\n");
    }
  }

  /** Since the way before this one. */
  private Map<Place, Count> counted() {
    Map<Place, Count> counts = total();
    counts.replaceAll((place, count) -> count.since(before.get(place)));
    return counts;
  }

  private Map<Place, Count> total() {
    List<Long> numbers = new ArrayList<>();
    for (Matcher entry = ENTRY.matcher(ask("look\n")); entry.find(); ) {
      numbers.add(Long.valueOf(entry.group(2)));
    }
    Map<Place, Count> counts = new EnumMap<>(Place.class);
    int at = 0;
    for (Place place : Place.values()) {
      counts.put(place, new Count(numbers.get(at), numbers.get(at + 1), numbers.get(at + 2)));
      at += 3;
    }
    return counts;
  }

  private String ask(String what) {
    tell(what);
    try {
      return String.valueOf(out.readLine());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void tell(String what) {
    try {
      in.write(what);
      in.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws Exception {
    in.close();
    process.waitFor();
  }
}
