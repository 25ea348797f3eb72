package dev.metakey.server.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import org.jspecify.annotations.Nullable;

/** Who may read what holds the tag: root and the daemon, and the group of those who link. */
public final class TagReaders {
  /** Whose members may link programs. */
  public static final String GROUP = "metakey";

  private TagReaders() {}

  /**
   * Lets the group read a file, where there is such a group; else root's, so that the mode is the
   * same everywhere. A daemon that may not give the file to either keeps it for itself.
   *
   * @param path of this user's, and in a directory that nobody else may change
   */
  public static void admit(Path path) throws IOException {
    PosixFileAttributeView view =
        Files.getFileAttributeView(path, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    GroupPrincipal group = group(path.getFileSystem().getUserPrincipalLookupService());
    String permissions = "rw-r-----";
    if (group == null || !group.equals(view.readAttributes().group())) {
      try {
        if (group != null) {
          view.setGroup(group);
        } else {
          Files.setAttribute(path, "unix:gid", 0, LinkOption.NOFOLLOW_LINKS);
        }
      } catch (IOException notAllowed) {
        permissions = "rw-------";
      }
    }
    // By its path: a map that is pinned cannot be opened, which the view would do.
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static @Nullable GroupPrincipal group(UserPrincipalLookupService groups)
      throws IOException {
    try {
      return groups.lookupPrincipalByGroupName(GROUP);
    } catch (UserPrincipalNotFoundException none) {
      return null;
    }
  }
}
