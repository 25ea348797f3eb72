package dev.metakey.server;

import dev.metakey.server.engine.ProgramSource;
import dev.metakey.server.kernel.BpfException;
import dev.metakey.server.kernel.LoadedPrograms;
import java.io.IOException;
import java.util.List;

/** Where a daemon looks for the programs that the kernel has loaded. */
final class KernelPrograms {
  private KernelPrograms() {}

  /** What the kernel has loaded: nothing, if it has no BPF. */
  static ProgramSource ofThisHost() {
    LoadedPrograms programs = new LoadedPrograms();
    return withPids -> {
      try {
        return withPids ? programs.scanWithPids() : programs.scan();
      } catch (BpfException e) {
        if (e.kind() == BpfException.Kind.NOT_SUPPORTED) {
          return List.of();
        }
        throw e;
      }
    };
  }

  static ProgramSource notLookedAt() {
    return withPids -> {
      throw new IOException("this metakeyd does not look at them ('programs: none')");
    };
  }
}
