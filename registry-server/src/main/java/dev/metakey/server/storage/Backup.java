package dev.metakey.server.storage;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A backup: a whole state in the form of a state copy ({@link StateText}), with the machine that it
 * was made on.
 *
 * @param snapshot what the registry held
 * @param tag its tag, if a registry that has lost its own may go on with it: it was made on this
 *     machine, and is of another registry than the one that is here now. Otherwise {@link
 *     Tag#NONE}.
 */
public record Backup(Snapshot snapshot, Tag tag) {
  /**
   * The registry that a backup is made of, or restored to.
   *
   * @param ids its id and, newest first, those that it had before
   * @param machine identifies this machine; empty if it is not known
   */
  public record Home(List<UUID> ids, String machine) {}

  /** The text of a backup. */
  public static byte[] of(RegistryState state, Home home) {
    UUID id = state.snapshot().info().registryId();
    List<UUID> former = home.ids().stream().filter(other -> !other.equals(id)).toList();
    return new StateText().backup(new Contents(state, former), home.machine());
  }

  /**
   * @param home where it is to be restored
   * @throws MetakeyException INVALID_REQUEST if the bytes are not a whole backup
   */
  public static Backup parse(byte[] bytes, Home home) {
    try {
      StateText.Parsed parsed = StateText.parse(bytes);
      Contents contents = parsed.contents();
      boolean isOfThisMachine =
          !home.machine().isEmpty() && home.machine().equals(parsed.machine());
      boolean isLost = contents.ids().stream().noneMatch(home.ids()::contains);
      return new Backup(
          contents.state().snapshot(),
          isOfThisMachine && isLost ? contents.state().tag() : Tag.NONE);
    } catch (IOException | StoreException | IllegalArgumentException e) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "this is no backup that can be restored: %s; name a file that 'metakey backup' made. Nothing was changed"
              .formatted(e.getMessage()),
          Map.of(),
          e);
    }
  }
}
