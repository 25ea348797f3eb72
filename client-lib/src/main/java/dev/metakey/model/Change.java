package dev.metakey.model;

import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One committed change.
 *
 * @param commitRevision the last revision of the call that made it: changes with the same one were
 *     committed together
 * @param atMs wall-clock time, milliseconds since 1970
 * @param before null where the id had never been used
 * @param after null where the reservation of a never used id was dropped
 */
public record Change(
    long revision,
    long commitRevision,
    long atMs,
    ChangeKind kind,
    @Nullable Field before,
    @Nullable Field after,
    Peer peer) {

  /** As whom the daemon changes something by itself. */
  static final Set<String> DAEMON = Set.of("metakeyd", "metakeyd.service");

  public Change {
    if (before == null && after == null) {
      throw new IllegalArgumentException("a change of nothing");
    }
  }

  /**
   * Whether an admin did what no owner could do: reserve, transfer, force, restore a backup, or
   * touch what belongs to others. What the daemon did by itself (a ttl or a quarantine is over) is
   * not meant. It is told from the change itself, by whose it was and whose it is.
   */
  public boolean isByAdmin() {
    return switch (kind) {
      case RESERVED, UNRESERVED, FORCED, TRANSFERRED, RECOVERED -> true;
      case CREATED, RESTORED, JOINED, LEFT, RELEASED -> !isOwners(before) && !isOwners(after);
      case FREED -> !DAEMON.contains(peer.service());
      case EXPIRED, MOVED, ADOPTED, OTHER -> false;
    };
  }

  private boolean isOwners(@Nullable Field field) {
    return field != null && field.owners().contains(peer.owner());
  }

  /** What changed and whose it is; the process that asked for it is left out. */
  public Change publicPart() {
    return new Change(revision, commitRevision, atMs, kind, before, after, peer.publicPart());
  }

  /** Whether a name no longer stands for the id that it stood for before. */
  public boolean endsName() {
    return before != null
        && before.isResolvable()
        && (after == null || !after.isResolvable() || !after.name().equals(before.name()));
  }

  /** The field that was changed: as it is now, or as it was where it is gone. */
  public Field field() {
    return after != null ? after : Objects.requireNonNull(before);
  }
}
