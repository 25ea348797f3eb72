package dev.metakey.model;

/** What became of a field that somebody asked for. */
public enum Outcome {
  /** The name was unknown, and has an id now. */
  CREATED,
  /** The name was known, and keeps its id. */
  EXISTING;

  /** The name in lower case. */
  @Override
  public String toString() {
    return Words.lower(this);
  }
}
