package dev.metakey.server.storage;

/** The disk or a permission keeps us from reading what may well be sound: nothing was changed. */
final class UnreadableException extends StoreException {
  private static final long serialVersionUID = 1;

  UnreadableException(StoreException cause) {
    super(String.valueOf(cause.getMessage()), cause.getCause());
  }
}
