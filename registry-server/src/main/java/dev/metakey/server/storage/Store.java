package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Uses;
import java.util.List;

/**
 * Keeps one registry. {@link #open}, {@link #commit}, {@link #check}, {@link #trim} and {@link
 * #keepUses} are for the one writer; {@link #history} and {@link #oldestRevision} may be called
 * from any thread, even while the store is failing.
 */
public interface Store extends AutoCloseable {
  /**
   * Opens the store, or opens it anew after it failed, and returns what it holds. What a failed
   * {@link #commit} left behind is either wholly there or wholly gone.
   *
   * @throws StoreException if it cannot be opened, is from a newer format, or is damaged
   */
  RegistryState open() throws StoreException;

  /**
   * Makes a state and the changes that led to it durable, all or nothing: when this returns they
   * survive a crash and a power loss. After a failure the store must be opened anew.
   *
   * @param changes what led from the state that was committed last to this one; may be empty
   */
  void commit(RegistryState state, List<Change> changes) throws StoreException;

  /**
   * Checks, at little cost, that what is open is still what a later start would find: somebody may
   * have removed or renamed it. After a failure the store must be opened anew.
   */
  void check() throws StoreException;

  /**
   * The kept changes after a revision, oldest first. Never ends between two changes that were
   * committed together, so it may be a little longer than the limit.
   *
   * @param sinceRevision 0 or more
   * @param lastRevision none after this one
   * @param limit 1 or more
   */
  List<Change> history(long sinceRevision, long lastRevision, int limit) throws StoreException;

  /** As {@link #history(long, long, int)}, up to the newest. */
  default List<Change> history(long sinceRevision, int limit) throws StoreException {
    return history(sinceRevision, Long.MAX_VALUE, limit);
  }

  /** When ids were used last, as far as that was kept. */
  Uses uses() throws StoreException;

  /** Keeps when ids were used last. It survives the end of the process, but maybe no power loss. */
  void keepUses(Uses uses) throws StoreException;

  /** The first revision whose change is kept; the next one to be committed if none is. */
  long oldestRevision() throws StoreException;

  /**
   * Forgets the oldest changes.
   *
   * @param keep at most this many stay
   * @param beforeAgeMs changes from when the registry was younger than this go, milliseconds
   */
  void trim(long keep, long beforeAgeMs) throws StoreException;

  @Override
  void close();
}
