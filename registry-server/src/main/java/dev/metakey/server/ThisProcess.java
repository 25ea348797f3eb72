package dev.metakey.server;

import dev.metakey.model.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a daemon says of itself. */
final class ThisProcess {
  private ThisProcess() {}

  /** In whose name the daemon acts. */
  static Peer peer() throws IOException {
    Path process = Path.of("/proc/self");
    int uid = (int) Files.getAttribute(process, "unix:uid");
    int gid = (int) Files.getAttribute(process, "unix:gid");
    return new Peer(uid, gid, (int) ProcessHandle.current().pid(), "metakeyd").withPrivileges();
  }

  /** The version of this build. */
  static String version() {
    String version = ThisProcess.class.getPackage().getImplementationVersion();
    return version == null ? "unpackaged" : version;
  }
}
