package dev.metakey.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** As much of Redis's protocol (RESP 2) as is needed. */
final class Resp {
  private static final String ABSENT = "$-1";
  private static final int END_OF_LINE = 2;

  private Resp() {}

  /** What each operation is in Redis. */
  static ByteBuffer request(Op op, String name) {
    return switch (op) {
      case CLAIM -> command("SET", name, "2", "NX");
      case RELEASE -> command("DEL", name);
      case LOOK_UP -> command("GET", name);
    };
  }

  static ByteBuffer command(String... words) {
    StringBuilder all = new StringBuilder("*").append(words.length).append("\r\n");
    for (String word : words) {
      all.append('$').append(word.length()).append("\r\n").append(word).append("\r\n");
    }
    return ByteBuffer.wrap(all.toString().getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Reads one reply from the buffer.
   *
   * @return its first line, for a list the list's own; null, with nothing read, if the reply is not
   *     whole yet
   */
  static @Nullable String take(ByteBuffer from) {
    int start = from.position();
    String line = line(from);
    if (line == null || !skipBody(line, from)) {
      from.position(start);
      return null;
    }
    return line;
  }

  /** Whether a reply with that first line says that the work was done. */
  static boolean succeeded(String line) {
    return !line.startsWith("-") && !line.equals(ABSENT) && !line.equals(":0");
  }

  private static boolean skipBody(String line, ByteBuffer from) {
    if (line.equals(ABSENT)) {
      return true;
    }
    if (line.startsWith("$")) {
      int bytes = Integer.parseInt(line.substring(1)) + END_OF_LINE;
      if (bytes > from.remaining()) {
        return false;
      }
      from.position(from.position() + bytes);
    } else if (line.startsWith("*")) {
      for (int left = Integer.parseInt(line.substring(1)); left > 0; left--) {
        if (take(from) == null) {
          return false;
        }
      }
    }
    return true;
  }

  private static @Nullable String line(ByteBuffer from) {
    for (int at = from.position(); at + 1 < from.limit(); at++) {
      if (from.get(at) == '\r' && from.get(at + 1) == '\n') {
        byte[] line = new byte[at - from.position()];
        from.get(line);
        from.position(at + 2);
        return new String(line, StandardCharsets.US_ASCII);
      }
    }
    return null;
  }
}
