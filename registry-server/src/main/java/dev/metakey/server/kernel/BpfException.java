package dev.metakey.server.kernel;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The kernel refused a command of bpf(2), or cannot be asked; the message says what to do. */
public final class BpfException extends IOException {
  private static final long serialVersionUID = 1;

  static final int ENOENT = 2;
  private static final int EPERM = 1;
  private static final int EACCES = 13;
  private static final int ENOSYS = 38;

  /** What a refusal tells about the host. */
  public enum Kind {
    /** We may not ask: what there is cannot be seen. */
    NOT_PERMITTED,
    /** The kernel knows no bpf(2): there can be no programs and no maps. */
    NOT_SUPPORTED,
    /** Something else, which may not happen again the next time. */
    FAILED
  }

  private final int errno;

  BpfException(String message, @Nullable Throwable cause) {
    super(message, cause);
    errno = 0;
  }

  /**
   * @param purpose what the command was for, to follow "cannot"
   */
  BpfException(Bpf.Command command, String purpose, LastErrorException cause) {
    super(
        "cannot %s: %s: %s%s"
            .formatted(purpose, command, text(cause), advice(command, cause.getErrorCode())),
        cause);
    errno = cause.getErrorCode();
  }

  /** The errno; 0 if the kernel was not reached. */
  public int errno() {
    return errno;
  }

  public Kind kind() {
    return switch (errno) {
      case EPERM, EACCES -> Kind.NOT_PERMITTED;
      case ENOSYS -> Kind.NOT_SUPPORTED;
      default -> Kind.FAILED;
    };
  }

  /** The text of strerror, without the number that JNA puts in front. */
  private static String text(LastErrorException e) {
    return String.valueOf(e.getMessage()).replaceFirst("^\\[\\d+\\] ", "");
  }

  private static String advice(Bpf.Command command, int errno) {
    return switch (errno) {
      case EPERM, EACCES ->
          "; run metakeyd as root, or with " + (command.asksForIds() ? "CAP_SYS_ADMIN" : "CAP_BPF");
      case ENOSYS -> "; this kernel has no BPF";
      default -> "";
    };
  }
}
