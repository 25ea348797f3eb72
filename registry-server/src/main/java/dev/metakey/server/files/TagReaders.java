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

/** Decides who may read what holds the tag: root, the daemon, and the group of those who link. */
public final class TagReaders {
  /** The group whose members may link programs. */
  public static final String GROUP = "metakey";

  private TagReaders() {}

  /**
   * Lets the group read a file. Where there is no such group, root's group may read it, so that the
   * mode is the same everywhere. A daemon that may not give the file to either keeps it to itself.
   *
   * @param path a file of this user's, in a directory that nobody else may change
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
