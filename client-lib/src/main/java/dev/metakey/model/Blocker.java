package dev.metakey.model;

import java.util.List;

/**
 * Something that keeps an id from being free, or from being given to another name.
 *
 * @param untilMs when it ends, milliseconds since 1970, unless the clock is set; 0 where no time
 *     ends it
 * @param programs the kernel's ids of the programs that are linked to the id, 16 at most; empty for
 *     other kinds, and for whom they are not told
 * @param text what it is, and what ends it: a sentence
 */
public record Blocker(Kind kind, long untilMs, List<Integer> programs, String text) {
  /** What it is. */
  public enum Kind {
    /** The quarantine after a release is not over. */
    QUARANTINE,
    /** Loaded programs are linked to the id. */
    PROGRAMS,
    /** No look since the quarantine ended has shown that no program is linked to the id. */
    UNSEEN,
    /** The name is reserved, and gets the id back. */
    RESERVATION,
    /** Nothing can be changed now. */
    READ_ONLY,
    /** One that this version does not know. */
    OTHER;

    /** The name in lower case. */
    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  public Blocker {
    programs = List.copyOf(programs);
  }
}
