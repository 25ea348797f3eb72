package dev.metakey.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.regex.Pattern;

/** Tells machines apart, so that a disk that was copied is noticed. */
final class MachineId {
  private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

  private MachineId() {}

  /** The id of this machine; empty if it has none, as in many containers. */
  static String ofThisHost() {
    return read(Path.of("/etc/machine-id"));
  }

  /**
   * A hash of the id, as others must not learn the id itself (machine-id(5)); empty if the file is
   * missing or holds none.
   */
  static String read(Path file) {
    try {
      String id = Files.readString(file).trim();
      return ID.matcher(id).matches()
          ? UUID.nameUUIDFromBytes(("metakey " + id).getBytes(US_ASCII)).toString()
          : "";
    } catch (IOException e) {
      return "";
    }
  }
}
