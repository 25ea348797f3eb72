package dev.metakey.server.page;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Right;
import dev.metakey.server.domain.Rules;
import java.util.stream.Stream;

/**
 * What may be shown. Whoever looks is not asked who it is, so that is the same for all: what each
 * user of this host may read, or all that admins may.
 *
 * @param isFull whether it is what admins may read
 */
record View(Rules rules, boolean isFull) {
  /** No user has this uid, so no rule is about it that is not about many. */
  private static final int NOBODY = -1;

  /** Whether the field with this name may be shown. */
  boolean shows(String name) {
    return isFull || rules.policy().everybodyMay(Right.READ, name);
  }

  /** Whether all that the change tells of may be shown. */
  boolean shows(Change change) {
    return Stream.of(change.before(), change.after())
        .flatMap(Stream::ofNullable)
        .map(Field::name)
        .allMatch(this::shows);
  }

  /** What may be shown of a change that may be shown. */
  Change of(Change change) {
    return isFull ? change : change.publicPart();
  }

  /** As whom the viewer is told something. */
  Peer viewer() {
    int uid = isFull ? rules.daemonUid() : NOBODY;
    return new Peer(new Owner(uid, ""), uid, Peer.NOT_TOLD, 0, "", "", isFull);
  }
}
