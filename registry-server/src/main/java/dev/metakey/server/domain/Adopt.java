package dev.metakey.server.domain;

import java.util.List;
import java.util.UUID;

/**
 * A registry was recovered: takes on what loaded programs are linked to and no other evidence
 * knows.
 *
 * @param registryIds which it has and had: what programs were linked to by itself may be later than
 *     what it knows, and then takes the place of that
 * @see Adoption
 */
public record Adopt(List<UUID> registryIds) implements Command<Integer> {
  public Adopt {
    registryIds = List.copyOf(registryIds);
  }

  @Override
  public Integer decide(Draft draft) {
    Adoption.run(draft, registryIds);
    return draft.changes().size();
  }
}
