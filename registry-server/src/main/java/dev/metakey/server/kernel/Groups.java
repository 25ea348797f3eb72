package dev.metakey.server.kernel;

import com.sun.jna.Pointer;
import dev.metakey.files.Failure;
import dev.metakey.server.log.Event;
import java.io.IOException;

/** The groups that the host knows. */
public final class Groups {
  /** An id that no group has. */
  public static final int NONE = -1;

  /** The offset of the id in {@code struct group}, after two pointers. */
  private static final int GID = 16;

  private Groups() {}

  /**
   * The id of a group; {@link #NONE} if there is no such group. This may be slow, if a directory
   * service is asked.
   */
  public static synchronized int gid(String name) { // getgrnam has one buffer
    try {
      Libc.load();
      Pointer group = Libc.getgrnam(name);
      return group == null ? NONE : group.getInt(GID);
    } catch (IOException e) {
      Event.GROUP_UNKNOWN.say(
          "the group %s cannot be looked up: %s".formatted(name, Failure.words(e)));
      return NONE;
    }
  }
}
