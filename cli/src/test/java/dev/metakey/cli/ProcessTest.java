package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own can show: signals, pipes, and how it ends. */
class ProcessTest {
  private static final int LONG_ENOUGH_S = 60;

  @TempDir Path dir;
  private FakeDaemon daemon;

  @BeforeEach
  void start() throws IOException {
    daemon = new FakeDaemon(dir.resolve("s"));
  }

  @AfterEach
  void stop() throws Exception {
    daemon.close();
  }

  private String command(String line) {
    return "'%s/bin/java' -XX:TieredStopAtLevel=1 -cp '%s' dev.metakey.cli.Main --socket '%s' %s"
        .formatted(
            System.getProperty("java.home"),
            System.getProperty("java.class.path"),
            daemon.socket(),
            line);
  }

  private Process shell(String script) throws IOException {
    return new ProcessBuilder("bash", "-c", script)
        .redirectError(dir.resolve("err").toFile())
        .start();
  }

  private int exitOf(Process process) throws InterruptedException {
    try {
      assertThat(process.waitFor(LONG_ENOUGH_S, TimeUnit.SECONDS)).as("ends by itself").isTrue();
      return process.exitValue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private String err() throws IOException {
    return Files.readString(dir.resolve("err"));
  }

  @Test
  void id_whenRun_printsTheNumberAndNothingElse() throws Exception {
    Process process = shell("exec " + command("id edge.zone"));

    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .isEqualTo("2\n");
    assertThat(exitOf(process)).isZero();
    assertThat(err()).isEmpty();
  }

  @Test
  void watch_whenInterrupted_exits130WithoutWords() throws Exception {
    Process process = shell("exec " + command("watch -o name"));
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("edge.packet_id");
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();

      assertThat(exitOf(process)).isEqualTo(130);
    }
    assertThat(err()).isEmpty();
  }

  @Test
  void list_whenNobodyReads_exits141WithoutWords() throws Exception {
    Process process = shell("set -o pipefail; (sleep 1; " + command("list") + ") | true");

    assertThat(exitOf(process)).isEqualTo(141);
    assertThat(err()).isEmpty();
  }

  /** All that it has to print is in the pipe before the reader goes: no write would ever fail. */
  @Test
  void watch_whenNobodyReadsAnyMore_exits141WithoutWords() throws Exception {
    Process process = shell("set -o pipefail; " + command("watch -o name") + " | (read; sleep 1)");

    assertThat(exitOf(process)).isEqualTo(141);
    assertThat(err()).isEmpty();
  }

  @Test
  void list_whenTheDiskIsFull_exits1() throws Exception {
    Process process = shell("exec " + command("list > /dev/full"));

    assertThat(exitOf(process)).isEqualTo(1);
    assertThat(err()).startsWith("metakey: the output cannot be written: ");
  }

  @Test
  void list_whenPrinted_isUtf8InEveryLocale() throws Exception {
    Process process = shell("export LC_ALL=C; exec " + command("list -o wide"));

    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("número de paquete");
    assertThat(exitOf(process)).isZero();
  }
}
