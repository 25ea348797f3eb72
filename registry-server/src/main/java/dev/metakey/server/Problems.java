package dev.metakey.server;

import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** What an admin has to see to: what was found at the start, and what the parts tell now. */
final class Problems {

  private final List<String> lasting = new CopyOnWriteArrayList<>();
  private final List<Supplier<List<String>>> sources = new CopyOnWriteArrayList<>();

  /** Adds a problem that lasts as long as the daemon does. */
  void add(String text) {
    lasting.add(text);
    Event.PROBLEM.say(text);
  }

  /**
   * @param more each tells what is wrong now; is asked for each status
   */
  @SafeVarargs
  final void from(Supplier<List<String>>... more) {
    for (Supplier<List<String>> source : more) {
      sources.add(source);
    }
  }

  /** What a report says that lies there until an admin has removed it; nothing if none does. */
  static List<String> reported(Path report) {
    try {
      return List.of(
          "%s Remove %s when you have seen to it"
              .formatted(Files.readString(report).trim(), report));
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException e) {
      return List.of("%s cannot be read; it tells of a recovery".formatted(report));
    }
  }

  List<String> now() {
    List<String> all = new ArrayList<>(lasting);
    sources.forEach(source -> all.addAll(source.get()));
    return all;
  }
}
