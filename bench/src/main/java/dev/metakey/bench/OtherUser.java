package dev.metakey.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A program of this build that runs as another user, takes orders and answers in lines. */
final class OtherUser implements AutoCloseable {
  private static final String TOLD = "what another user ran has ended: ";

  private final Children children;
  private final Process process;
  private final Writer orders;
  private final BufferedReader answers;

  /**
   * @param standsBack whether it runs only where nobody else wants to
   * @param args the first is the main class
   */
  OtherUser(Workbench bench, int uid, boolean standsBack, String... args) throws IOException {
    this.children = bench.children;
    List<String> command = as(uid);
    if (standsBack) {
      command.addAll(List.of("chrt", "--idle", "0"));
    }
    command.add(Children.javaLauncher());
    command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.add("-Djava.io.tmpdir=" + scratch(bench)); // netty unpacks its library there
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(args));
    this.process = children.piped(command);
    this.orders = process.outputWriter(StandardCharsets.US_ASCII);
    this.answers = process.inputReader(StandardCharsets.US_ASCII);
  }

  private static List<String> as(int uid) {
    String id = Integer.toString(uid);
    return new ArrayList<>(
        List.of("setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"));
  }

  private static Path scratch(Workbench bench) throws IOException {
    Path scratch = bench.options.work().resolve("others");
    Files.createDirectories(scratch);
    Files.setPosixFilePermissions(scratch, PosixFilePermissions.fromString("rwxrwxrwx"));
    return scratch;
  }

  /** Why there can be none here; null if there can. */
  static @Nullable String missing(int uid) throws IOException, InterruptedException {
    if (!Workbench.ROOT) {
      return "only root can be several users";
    }
    if (Workbench.program("setpriv") == null) {
      return "setpriv is not installed";
    }
    List<String> command = as(uid);
    String jar = System.getProperty("java.class.path").split(":", 2)[0];
    command.addAll(List.of("test", "-r", jar, "-a", "-x", Children.javaLauncher()));
    return new ProcessBuilder(command).start().waitFor() == 0
        ? null
        : "other users may not read " + jar;
  }

  void order(String line) throws IOException {
    orders.write(line + "\n");
    orders.flush();
  }

  String answer() throws IOException {
    String line = answers.readLine();
    if (line == null) {
      throw new IOException(TOLD + children.lastLines());
    }
    return line;
  }

  @Override
  public void close() throws InterruptedException {
    process.destroyForcibly();
    children.end(process);
  }
}
