package dev.metakey.model;

/**
 * A loaded program and one field that it uses.
 *
 * @param staleBecause where its record disagrees with the registry, in a few words; empty: it
 *     agrees, or was never linked
 */
public record FieldUser(LoadedProgram program, FieldUse use, String staleBecause) {
  public boolean isLinked() {
    return use.place() != null;
  }

  public boolean isStale() {
    return !staleBecause.isEmpty();
  }
}
