package dev.metakey.server.log;

import dev.metakey.model.Words;

/** What a line of the log looks like. */
public enum LogFormat {
  /** For people: time, level and message; in systemd's journal, the message. */
  TEXT,
  /** An object of JSON. */
  JSON;

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
