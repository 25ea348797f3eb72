package dev.metakey.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What {@code /proc/PID/task} tells of each thread of a process. */
final class ProcessThreads {
  private ProcessThreads() {}

  /**
   * The text of one file of each thread, such as {@code status}, by the thread's id. A thread that
   * ends meanwhile is left out: the JIT compiler's do when they have no work.
   */
  static Map<String, String> read(long pid, String file) throws IOException {
    Map<String, String> texts = new HashMap<>();
    try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
      for (Path thread : threads.toList()) {
        try {
          texts.put(thread.getFileName().toString(), Files.readString(thread.resolve(file)));
        } catch (IOException e) {
          if (Files.exists(thread)) {
            throw e;
          }
        }
      }
    }
    return texts;
  }
}
