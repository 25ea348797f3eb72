package dev.metakey.server.engine;

import dev.metakey.model.LoadedProgram;
import java.io.IOException;
import java.util.List;

/** Tells what the kernel has loaded. */
@FunctionalInterface
public interface ProgramSource {
  /** Of a daemon that is not to look. */
  ProgramSource NONE =
      withPids -> {
        throw new IOException("this metakeyd does not look at them ('programs: none')");
      };

  /**
   * Every loaded program whose object names fields, by ascending id; none where the kernel has no
   * BPF.
   *
   * @param withPids also tells which processes hold each open, which takes longer
   * @throws IOException if they cannot be seen; the message says why
   */
  List<LoadedProgram> loaded(boolean withPids) throws IOException;
}
