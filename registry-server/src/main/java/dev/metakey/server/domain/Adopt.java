package dev.metakey.server.domain;

/**
 * A registry was recovered: takes on what loaded programs are linked to and no other evidence
 * knows.
 *
 * @see Adoption
 */
public record Adopt() implements Command<Integer> {
  @Override
  public Integer decide(Draft draft) {
    Adoption.run(draft);
    return draft.changes().size();
  }
}
