package dev.metakey.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Keeps every core awake with a process that runs only when nothing else wants to. So the figures
 * leave out what it costs a machine to fall asleep between two calls.
 */
final class Awake implements AutoCloseable {
  private final Children children;
  private final List<Process> spinners = new ArrayList<>();

  Awake(Workbench bench) throws IOException {
    this.children = bench.children;
    for (int core = 0; core < Runtime.getRuntime().availableProcessors(); core++) {
      spinners.add(
          children.run(
              bench.options.work(),
              Map.of(),
              List.of("chrt", "--idle", "0", "sh", "-c", "while :; do :; done")));
    }
  }

  static boolean isPossible() {
    return Workbench.program("chrt") != null;
  }

  @Override
  public void close() throws InterruptedException {
    for (Process spinner : spinners) {
      children.end(spinner);
    }
  }
}
