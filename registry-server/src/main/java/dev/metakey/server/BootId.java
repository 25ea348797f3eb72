package dev.metakey.server;

import dev.metakey.files.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Identifies this boot of the host. */
final class BootId {
  private BootId() {}

  static String ofThisHost() throws IOException {
    return read(Path.of("/proc/sys/kernel/random/boot_id"));
  }

  /**
   * @throws IOException saying what to do: without it nobody knows whether programs that use a
   *     released id may still be loaded
   */
  static String read(Path file) throws IOException {
    String id;
    try {
      id = Files.readString(file).trim();
    } catch (IOException e) {
      throw new IOException(
          "the boot id cannot be read (%s); metakeyd needs it to know whether the host has rebooted: mount /proc with 'mount -t proc proc /proc'"
              .formatted(Failure.words(e)),
          e);
    }
    if (id.isEmpty()) {
      throw new IOException(
          "the boot id in %s is empty; metakeyd needs it to know whether the host has rebooted: remove what is mounted over it"
              .formatted(file));
    }
    return id;
  }
}
