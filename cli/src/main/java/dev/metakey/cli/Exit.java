package dev.metakey.cli;

/**
 * The exit codes as each verb's help lists them ({@code CODE:WORDS}, for picocli). Those from 1 to
 * 9 are those of {@link dev.metakey.model.Reason#exitCode()}, which decides.
 */
final class Exit {
  static final String OK = "0:done";
  static final String DEFECT = "1:a defect of metakey, or output that cannot be written";
  static final String BAD_INPUT = "2:bad input: a name, size, attribute, option or argument";
  static final String NOT_FOUND = "3:no such field";
  static final String CONFLICT =
      "4:known with another size, merge rule or owner, or the id is taken";
  static final String NOT_PERMITTED = "5:you may not do this";
  static final String EXHAUSTED = "6:no id or slot is left";
  static final String TOO_MANY = "6:too many wait already";
  static final String CONDITION = "7:it has another generation, is in use, or is read-only";
  static final String UNAVAILABLE =
      "8:the daemon cannot be reached, or its database takes no change";
  static final String UNREACHABLE = "8:the daemon cannot be reached";
  static final String NOWHERE =
      "8:the daemon cannot be reached, and what it published does not say";
  static final String TOO_LATE = "9:the wait's time is up";
  static final String UNHEALTHY_TEXT = "10:the daemon answers, and reports problems";
  static final String WOULD_CHANGE_TEXT = "11:something would change, and was only shown";
  static final String INTERRUPTED_TEXT = "130:interrupted";
  static final String CLOSED_PIPE_TEXT = "141:nobody reads the output any more";

  /** The daemon answers, and reports problems. */
  static final int UNHEALTHY = 10;

  /** A dry run found that something would change. */
  static final int WOULD_CHANGE = 11;

  /** What a shell shows for a command that SIGINT ended. */
  static final int INTERRUPTED = 130;

  /** What a shell shows for a command that wrote to a pipe which nobody reads any more. */
  static final int CLOSED_PIPE = 141;

  private Exit() {}
}
