package dev.metakey.server.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Decides who may read what holds the tag: root, the daemon, and the group of those who link. */
public final class TagReaders {
  private static final int ROOTS_GID = 0;

  private TagReaders() {}

  /**
   * Lets the group read a file. Where there is no such group, root's group may read it, so that the
   * mode is the same everywhere. A daemon that may not give the file to either keeps it to itself.
   *
   * @param path a file of this user's, in a directory that nobody else may change
   * @param gid the group's id; -1 if there is none
   */
  public static void admit(Path path, int gid) throws IOException {
    int group = gid < 0 ? ROOTS_GID : gid;
    String permissions = "rw-r-----";
    if ((int) Files.getAttribute(path, "unix:gid", LinkOption.NOFOLLOW_LINKS) != group) {
      try {
        Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
      } catch (IOException notAllowed) {
        permissions = "rw-------";
      }
    }
    // By its path: a map that is pinned cannot be opened, which the view would do.
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }
}
