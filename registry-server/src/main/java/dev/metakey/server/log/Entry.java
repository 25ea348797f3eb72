package dev.metakey.server.log;

import dev.metakey.model.Peer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is to be logged of one event. */
public final class Entry {
  private final Event event;
  private final Map<String, Object> attributes = new LinkedHashMap<>();

  Entry(Event event) {
    this.event = event;
  }

  /**
   * Adds an attribute, for those who read the log by a program.
   *
   * @param name in snake case; docs/logs.md lists them
   * @param value a number, true or false, or anything whose text is logged
   */
  public Entry with(String name, Object value) {
    attributes.put(name, value);
    return this;
  }

  /** As {@link #with}, but an empty text is left out. */
  public Entry withAny(String name, String value) {
    return value.isEmpty() ? this : with(name, value);
  }

  /** Adds whose call it is about. */
  public Entry by(Peer peer) {
    with("owner", peer.owner());
    with("uid", Integer.toUnsignedLong(peer.uid()));
    with("pid", peer.pid());
    return withAny("unit", peer.unit()).withAny("container", peer.container());
  }

  /** Logs it. */
  public void say(String message) {
    say(message, null);
  }

  /**
   * Logs it, with what was thrown.
   *
   * @param message a sentence that says everything; it may hold anything, as it is made one line
   */
  public void say(String message, @Nullable Throwable thrown) {
    say(() -> message, thrown);
  }

  void say(Supplier<String> message, @Nullable Throwable thrown) {
    if (event.isWanted() && event.budget.take()) {
      Event.LOGGER.log(new EventRecord(event, message.get(), attributes, thrown));
    }
  }
}
