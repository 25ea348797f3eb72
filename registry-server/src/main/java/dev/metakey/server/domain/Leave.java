package dev.metakey.server.domain;

import dev.metakey.model.Field;
import java.util.Optional;

/**
 * A release that may be decided without a look at the kernel: the caller leaves a shared field to
 * its other owners, and it stays what it is to the programs that are linked to it.
 *
 * <p>Answers nothing, and changes nothing, where the release does more than that.
 */
public record Leave(Release release) implements Command<Optional<Field>> {
  @Override
  public Optional<Field> decide(Draft draft) {
    Field field = release.require(draft);
    return release.leaves(draft, field)
        ? Optional.of(Release.leave(draft, field))
        : Optional.empty();
  }
}
