package dev.metakey.server.kernel;

import com.sun.jna.Pointer;
import dev.metakey.server.files.Failure;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The groups that the host knows. */
public final class Groups {
  /** No group has it. */
  public static final int NONE = -1;

  /** In {@code struct group}, behind two pointers. */
  private static final int GID = 16;

  private static final Logger log = LoggerFactory.getLogger(Groups.class);

  private Groups() {}

  /**
   * The id of a group; {@link #NONE} where there is no such group. May take its time, where a
   * directory service is asked.
   */
  public static synchronized int gid(String name) { // getgrnam has one buffer
    try {
      Libc.load();
      Pointer group = Libc.getgrnam(name);
      return group == null ? NONE : group.getInt(GID);
    } catch (IOException e) {
      log.warn("the group {} cannot be looked up: {}", name, Failure.words(e));
      return NONE;
    }
  }
}
