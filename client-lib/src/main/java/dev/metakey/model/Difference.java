package dev.metakey.model;

import java.util.ArrayList;
import java.util.List;

/**
 * An attribute that is not what a request said.
 *
 * @param attribute {@code size}, {@code merge}, {@code format}, {@code sharing}, {@code
 *     description} or {@code ttl}
 */
public record Difference(String attribute, String registered, String requested) {
  /** Every attribute in which the two differ; an empty description asks for nothing. */
  public static List<Difference> between(FieldSpec registered, FieldSpec requested) {
    List<Difference> found = new ArrayList<>();
    compare(found, "size", registered.size(), requested.size());
    compare(found, "merge", registered.merge(), requested.merge());
    compare(found, "format", registered.format(), requested.format());
    compare(found, "sharing", registered.sharing(), requested.sharing());
    if (!requested.description().isEmpty()) {
      compare(found, "description", registered.description(), requested.description());
    }
    compare(found, "ttl", ttl(registered), ttl(requested));
    return List.copyOf(found);
  }

  private static String ttl(FieldSpec spec) {
    return spec.ttlMs() == 0 ? "never" : spec.ttlMs() + " ms";
  }

  private static void compare(
      List<Difference> found, String attribute, Object registered, Object requested) {
    if (!registered.equals(requested)) {
      found.add(new Difference(attribute, registered.toString(), requested.toString()));
    }
  }

  /** {@code size is 8, asked for 4}. */
  @Override
  public String toString() {
    return "%s is %s, asked for %s".formatted(attribute, registered, requested);
  }
}
