package dev.metakey.layout;

import java.io.IOException;

/** Bytes that are not what they should be; the message says which, and what is expected. */
public final class BadLayoutException extends IOException {
  private static final long serialVersionUID = 1;

  BadLayoutException(String message) {
    super(message);
  }

  BadLayoutException(String message, Throwable cause) {
    super(message, cause);
  }
}
