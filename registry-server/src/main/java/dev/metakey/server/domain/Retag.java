package dev.metakey.server.domain;

import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Tag;
import java.util.List;

/**
 * Makes a new tag, where the old one may have become known. For admins. Refused while linked
 * programs are loaded: programs that are linked later would find no values on their packets.
 *
 * @param fresh the new tag
 * @param nothingLoaded an admin's word that no program is loaded, where they cannot be seen
 */
public record Retag(Tag fresh, boolean nothingLoaded) implements Command<Boolean> {
  @Override
  public Boolean decide(Draft draft) {
    draft.requireAdmin("retag");
    if (!draft.rules().readOnly().isEmpty()) { // no field changes, so Registry would not
      throw Refusals.readOnly(draft.rules());
    }
    List<LoadedProgram> linked =
        draft.programs().links().map(Programs.Link::program).distinct().toList();
    if (!linked.isEmpty()) {
      throw Refusals.tagInUse(linked);
    }
    if (!nothingLoaded && !draft.programs().areSeen()) {
      throw Refusals.tagUnseen(draft.programs());
    }
    draft.tag(fresh);
    return true;
  }
}
