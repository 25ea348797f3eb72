package dev.metakey.server.fleet;

/**
 * The fleet's store cannot be asked, or does not do what it was asked for. The message says why.
 */
public final class FleetException extends Exception {
  private static final long serialVersionUID = 1;

  FleetException(String message) {
    super(message);
  }

  FleetException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Why, in words. */
  String why() {
    return String.valueOf(getMessage());
  }
}
