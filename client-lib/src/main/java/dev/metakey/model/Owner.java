package dev.metakey.model;

/**
 * Who holds a field.
 *
 * @param uid as the kernel told the daemon
 * @param service the systemd service unit or container that the daemon read from the peer's cgroup,
 *     else the name that the client claimed, else the base name of its executable
 */
public record Owner(int uid, String service) {
  /** {@code edge-xdp.service (uid 0)}. */
  @Override
  public String toString() {
    return "%s (uid %s)".formatted(service, Integer.toUnsignedString(uid));
  }
}
