package dev.metakey.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Look-ups of a C program, with the header that such programs use. It times them itself. */
final class CLookUps implements AutoCloseable {
  private final Children children;
  private final Process process;
  private final Writer orders;
  private final BufferedReader answers;

  /**
   * @param name what to look up
   */
  CLookUps(Workbench bench, MetakeyServer server, String name) throws IOException {
    Options options = bench.options;
    this.children = bench.children;
    this.process =
        children.piped(
            List.of(options.lookups().toString(), server.run().toString(), options.bpffs(), name));
    this.orders = process.outputWriter(StandardCharsets.US_ASCII);
    this.answers = process.inputReader(StandardCharsets.US_ASCII);
  }

  /**
   * @param kind {@code file} or {@code map}
   */
  Sampler of(String kind) {
    return (calls, into) -> {
      orders.write(kind + " " + calls + "\n");
      orders.flush();
      for (int i = 0; i < calls; i++) {
        String ns = answers.readLine();
        if (ns == null) {
          throw new IOException("the look-ups in C have ended: " + children.lastLines());
        }
        into.add(Long.parseLong(ns));
      }
    };
  }

  @Override
  public void close() throws InterruptedException {
    try {
      orders.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    children.end(process);
  }
}
