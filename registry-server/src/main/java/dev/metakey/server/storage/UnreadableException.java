package dev.metakey.server.storage;

/**
 * A fault of the disk or a missing permission keeps us from reading what may be sound: nothing was
 * changed.
 */
final class UnreadableException extends StoreException {
  private static final long serialVersionUID = 1;

  UnreadableException(StoreException cause) {
    super(String.valueOf(cause.getMessage()), cause.getCause());
  }
}
