package dev.metakey.model;

import java.util.List;

/**
 * What a registration gave.
 *
 * @param differences attributes that stay as they were registered although the request said
 *     something else
 */
public record Registered(Field field, Outcome outcome, List<Difference> differences) {
  public Registered {
    differences = List.copyOf(differences);
  }
}
