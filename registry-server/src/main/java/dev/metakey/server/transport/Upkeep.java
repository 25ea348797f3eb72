package dev.metakey.server.transport;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.server.domain.Apply;
import dev.metakey.server.domain.Restore;

/**
 * What an admin does to the registry as a whole, where it takes parts that the calls do not see.
 */
public interface Upkeep {
  /**
   * The text of a backup of what is committed now.
   *
   * @throws MetakeyException READ_ONLY if nobody knows whether it is all that there was
   */
  byte[] backup();

  /**
   * What puts the registry back to a backup.
   *
   * @throws MetakeyException INVALID_REQUEST if it is no whole backup
   */
  Restore restore(byte[] backup, boolean nothingLoaded);

  /**
   * What makes the things that a file says.
   *
   * @param file for messages; absolute
   * @param withFields whether registered fields are allowed, and not only reservations
   * @throws MetakeyException INVALID_REQUEST, with file and line
   */
  Apply apply(String file, byte[] text, boolean withFields);

  /**
   * Refuses changes until {@link #takeChanges}, also after a restart.
   *
   * @param reason an admin's words; may be empty
   * @throws MetakeyException STORE_FAILED if it cannot be noted down
   */
  void refuseChanges(Peer admin, String reason);

  /**
   * Ends what {@link #refuseChanges} began. Does nothing if nobody did.
   *
   * @throws MetakeyException READ_ONLY if the daemon takes no changes for another reason;
   *     STORE_FAILED if it cannot be noted down
   */
  void takeChanges();
}
