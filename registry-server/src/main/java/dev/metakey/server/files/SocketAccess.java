package dev.metakey.server.files;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;

/**
 * Who may connect to the socket.
 *
 * @param owner a user's name or uid; empty for the daemon's user
 * @param group a group's name or gid; empty for the daemon's group
 * @param mode permission bits; to connect takes the right to write
 */
public record SocketAccess(String owner, String group, int mode) {
  /** Everybody, as the daemon knows who calls. */
  public static final SocketAccess EVERYBODY = new SocketAccess("", "", 0666);

  /** The daemon's user alone. */
  public static final SocketAccess CLOSED = new SocketAccess("", "", 0600);

  private static final int STICKY = 01000;

  /**
   * @throws IllegalArgumentException if there is no such user
   */
  public static String checkOwner(String name) {
    return check("user", name, UserPrincipalLookupService::lookupPrincipalByName);
  }

  /**
   * @throws IllegalArgumentException if there is no such group
   */
  public static String checkGroup(String name) {
    return check("group", name, UserPrincipalLookupService::lookupPrincipalByGroupName);
  }

  /**
   * @throws IllegalArgumentException saying what is allowed
   */
  public static int parseMode(String word) {
    if (!word.matches("0?6[0-7]{2}")) {
      throw new IllegalArgumentException(
          "'%s' is not the mode of a socket; write three octal digits of which the first is 6, such as 0660"
              .formatted(word));
    }
    return Integer.parseInt(word, 8);
  }

  /**
   * Gives a socket to these, before anybody else may connect.
   *
   * @param path a socket of this user's, which others may not reach yet
   * @param marked whether it gets the mark of a daemon that publishes beside it
   * @throws IOException if the socket may not be given away
   */
  public void give(Path path, boolean marked) throws IOException {
    UserPrincipalLookupService names = names();
    try {
      if (!owner.isEmpty()) {
        set(path, "posix:owner", names.lookupPrincipalByName(owner));
      }
      if (!group.isEmpty()) {
        set(path, "posix:group", names.lookupPrincipalByGroupName(group));
      }
    } catch (IOException e) {
      throw new IOException(
          "socket %s cannot be given to %s: run metakeyd as root, or correct 'socket_access' in its config"
              .formatted(path, this),
          e);
    }
    Files.setAttribute(path, "unix:mode", marked ? mode | STICKY : mode);
  }

  private static void set(Path path, String attribute, Object value) throws IOException {
    Files.setAttribute(path, attribute, value, LinkOption.NOFOLLOW_LINKS);
  }

  private static UserPrincipalLookupService names() {
    return FileSystems.getDefault().getUserPrincipalLookupService();
  }

  @FunctionalInterface
  private interface Lookup {
    Object in(UserPrincipalLookupService names, String name) throws IOException;
  }

  private static String check(String kind, String name, Lookup lookup) {
    try {
      var unused = lookup.in(names(), name);
      return name;
    } catch (UserPrincipalNotFoundException none) {
      throw new IllegalArgumentException(
          "there is no %s '%s' on this host".formatted(kind, name), none);
    } catch (IOException e) {
      throw new IllegalArgumentException("%s '%s' cannot be looked up".formatted(kind, name), e);
    }
  }

  /** {@code owner root, group metakey, mode 660}. */
  @Override
  public String toString() {
    return "%s%smode %o"
        .formatted(
            owner.isEmpty() ? "" : "owner " + owner + ", ",
            group.isEmpty() ? "" : "group " + group + ", ",
            mode);
  }
}
