package dev.metakey.server.domain;

import java.util.List;
import java.util.UUID;

/**
 * After a recovery, adopts the fields that loaded programs are linked to and that no other evidence
 * knows.
 *
 * @param registryIds the registry's own id and its earlier ones: what one of these linked may be
 *     newer than what the registry knows, and then replaces it
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
