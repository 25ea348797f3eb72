package dev.metakey.server.log;

import java.util.Map;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/** An event on its way to the log. */
final class EventRecord extends LogRecord {
  private static final long serialVersionUID = 1;

  private final String event;
  private final transient Map<String, Object> attributes;

  EventRecord(
      Event event, String message, Map<String, Object> attributes, @Nullable Throwable thrown) {
    super(event.level().level(), message);
    this.event = event.toString();
    this.attributes = attributes;
    setThrown(thrown);
    setLoggerName(Event.LOGGER.getName());
  }

  String event() {
    return event;
  }

  Map<String, Object> attributes() {
    return attributes;
  }
}
