package dev.metakey.server.storage;

import org.jspecify.annotations.Nullable;

/** The store could not do what it was asked: the message says what, why, and what to do. */
public class StoreException extends Exception {
  private static final long serialVersionUID = 1;

  public StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
