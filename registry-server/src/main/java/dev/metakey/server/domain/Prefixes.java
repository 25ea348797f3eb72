package dev.metakey.server.domain;

import java.util.List;

/**
 * Some of all names: those below a prefix. {@code edge} stands for {@code edge} and for everything
 * below {@code edge.}; {@code edge.} only for what is below.
 *
 * @param all whether all names are meant, whatever the list says
 */
public record Prefixes(boolean all, List<String> prefixes) {
  public static final Prefixes ALL = new Prefixes(true, List.of());
  public static final Prefixes NONE = new Prefixes(false, List.of());

  public Prefixes {
    prefixes = List.copyOf(prefixes);
  }

  public boolean contains(String name) {
    if (all) {
      return true;
    }
    for (String prefix : prefixes) {
      if (name.startsWith(prefix)
          && (prefix.endsWith(".")
              || name.length() == prefix.length()
              || name.charAt(prefix.length()) == '.')) {
        return true;
      }
    }
    return false;
  }

  boolean isEmpty() {
    return !all && prefixes.isEmpty();
  }

  /** {@code all names}, {@code edge., shared} or {@code no name}. */
  @Override
  public String toString() {
    if (all) {
      return "all names";
    }
    return prefixes.isEmpty() ? "no name" : String.join(", ", prefixes);
  }
}
