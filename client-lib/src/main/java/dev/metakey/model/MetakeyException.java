package dev.metakey.model;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A refused call. The message says what was wrong, what is allowed and what to do; {@link
 * #reason()} is stable; {@link #facts()} holds the particulars for programs (docs/errors.md lists
 * the keys).
 */
public final class MetakeyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Reason reason;

  @SuppressWarnings("serial") // Map.copyOf is serializable
  private final Map<String, String> facts;

  public MetakeyException(Reason reason, String message) {
    this(reason, message, Map.of(), null);
  }

  public MetakeyException(Reason reason, String message, Map<String, String> facts) {
    this(reason, message, facts, null);
  }

  public MetakeyException(
      Reason reason, String message, Map<String, String> facts, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
    this.facts = Map.copyOf(facts);
  }

  public Reason reason() {
    return reason;
  }

  public Map<String, String> facts() {
    return facts;
  }

  /** The message. Never null, unlike {@link #getMessage()}'s contract. */
  public String text() {
    return String.valueOf(getMessage());
  }
}
