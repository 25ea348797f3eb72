package dev.metakey.server.storage;

/**
 * What was found is sound, but has another format than this metakeyd reads: nothing was changed.
 */
final class OtherFormatException extends StoreException {
  private static final long serialVersionUID = 1;

  OtherFormatException(String message) {
    super(message, null);
  }
}
