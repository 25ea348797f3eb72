package dev.metakey.server;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an admin has to see to: what was found at the start, and what the parts tell now. */
final class Problems {
  private static final Logger log = LoggerFactory.getLogger(Problems.class);

  private final List<String> lasting = new CopyOnWriteArrayList<>();
  private final List<Supplier<List<String>>> sources = new CopyOnWriteArrayList<>();

  /** Adds a problem that lasts as long as the daemon does. */
  void add(String text) {
    lasting.add(text);
    log.warn(text);
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

  List<String> now() {
    List<String> all = new ArrayList<>(lasting);
    sources.forEach(source -> all.addAll(source.get()));
    return all;
  }
}
