package dev.metakey.server.config;

/**
 * What an admin wrote cannot be used: the message says where, what is wrong, and what is allowed.
 * It is one line, whatever was put into it.
 */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1;

  public ConfigException(String message) {
    super(message.replaceAll("\\s*[\\p{Cntrl}\\u2028\\u2029]+\\s*", " "));
  }
}
