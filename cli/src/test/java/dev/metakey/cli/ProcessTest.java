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
    return Run.unhurried(Files.readString(dir.resolve("err")));
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
    // What runs in the background of a script, as this test may, ignores the signal.
    Process process = shell("exec env --default-signal=INT " + command("watch -o name"));
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("edge.packet_id");
      new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();

      assertThat(exitOf(process)).isEqualTo(130);
    }
    assertThat(err()).isEmpty();
  }

  /** A watch that runs a command; its notes come where the command's output comes. */
  private Process executing(String command, String options) throws IOException {
    return shell("exec 2>&1; exec " + command("watch --exec '" + command + "' " + options));
  }

  private static String nextNote(BufferedReader out) throws IOException {
    String line = out.readLine();
    while (line != null && !line.contains("the command")) {
      line = out.readLine();
    }
    return String.valueOf(line);
  }

  @Test
  void watchExec_whenTold_runsTheCommandForTheStateAndForEachChange() throws Exception {
    String variables = "$METAKEY_CHANGE,$METAKEY_REVISION,$METAKEY_NAME,$METAKEY_ID,$METAKEY_STATE";
    Process process = executing("echo " + variables + "; cat", "");
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("state,41,,,");
      assertThat(out.readLine()).startsWith("{\"event\":\"state\",").contains("edge.client_ip");
      assertThat(out.readLine()).isEqualTo("released,42,edge.zone,2,retired");
      assertThat(out.readLine())
          .startsWith("{\"event\":\"changes\",")
          .contains("\"revision\":42")
          .endsWith("}]}");
      process.destroy();

      assertThat(exitOf(process)).isEqualTo(143);
    }
  }

  @Test
  void watchExec_whenTheCommandFails_saysSoAndGoesOn() throws Exception {
    Process process = executing("exit 3", "");
    try (BufferedReader out = process.inputReader()) {
      assertThat(nextNote(out))
          .isEqualTo("metakey: note: the command for state at revision 41 failed with exit code 3");
      assertThat(nextNote(out)).contains("for released edge.zone at revision 42 failed");
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void watchExec_whenTheCommandIsSlow_endsItAndGoesOn() throws Exception {
    Process process = executing("sleep 600; :", "--exec-timeout 100ms");
    try (BufferedReader out = process.inputReader()) {
      assertThat(nextNote(out)).contains("for state at revision 41 was ended", "longer than 100ms");
      assertThat(nextNote(out)).contains("for released edge.zone at revision 42 was ended");
    } finally {
      process.destroy();
      exitOf(process);
    }
  }

  @Test
  void watchExec_whenItIsEnded_endsTheCommandAndWhatThatStarted() throws Exception {
    Process process = executing("sleep 600 & echo $!; wait", "");
    try (BufferedReader out = process.inputReader()) {
      ProcessHandle started = ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
      process.destroy();

      started.onExit().get(LONG_ENOUGH_S, TimeUnit.SECONDS);
      assertThat(exitOf(process)).isEqualTo(143);
    }
  }

  @Test
  void watchExec_whenWhatTheCommandStartedDoesNotEnd_killsIt() throws Exception {
    Process process =
        executing(
            "test $METAKEY_CHANGE = state || exit 0; (trap \"\" TERM; exec sleep 600) & echo the command is $!; wait",
            "--exec-timeout 1s");
    try (BufferedReader out = process.inputReader()) {
      String pid = nextNote(out).replaceFirst(".* ", "");
      ProcessHandle started = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();

      started.onExit().get(LONG_ENOUGH_S, TimeUnit.SECONDS);
    } finally {
      process.destroy();
      exitOf(process);
    }
  }

  @Test
  void list_whenNobodyReads_exits141WithoutWords() throws Exception {
    Process process = shell("set -o pipefail; (sleep 1; " + command("list") + ") | true");

    assertThat(exitOf(process)).isEqualTo(141);
    assertThat(err()).isEmpty();
  }

  /** Everything is in the pipe before the reader goes, so no later write could fail. */
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

  /** As tcpdump and xxd print bytes, which one line of arguments cannot show. */
  @Test
  void decode_whenReadingStandardInput_takesADump() throws Exception {
    Process process =
        shell(
            "printf '\\t0x0000:  0700 0000 0000 0000 0100 0000\\n\\t0x000c:  0000 0000 5ec2 e7a9"
                + " 1b3d 0000\\n' | "
                + command("decode - --layout slotted --area 24 -o jsonl"));

    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .startsWith("{\"id\":0,\"name\":\"edge.packet_id\",\"size\":8,\"value\":\"7\",");
    assertThat(exitOf(process)).isZero();
    assertThat(err())
        .isEqualTo(
            "metakey: note: read as slotted, area of 24 bytes; on this host (slotted, 128 bytes) no"
                + " program reads it\n"
                + "metakey: note: its tag was not compared with this host's: anybody may have made"
                + " these bytes\n");
  }

  @Test
  void link_whenReadingAndWritingStandard_passesTheObjectThrough() throws Exception {
    Path object = Path.of("src/test/resources/objects/prog.bpf.o");
    Path out = dir.resolve("linked.bpf.o");
    Process process =
        shell(command("link " + object + " -o " + out + " --shared") + " > /dev/null");
    assertThat(exitOf(process)).isZero();

    process = shell("cat " + object + " | " + command("link - -o - --shared"));

    assertThat(process.getInputStream().readAllBytes()).isEqualTo(Files.readAllBytes(out));
    assertThat(exitOf(process)).isZero();
    assertThat(err()).contains("OUTCOME");
    assertThat(Path.of("-")).doesNotExist();
  }

  @Test
  void link_whenStandardInputIsNoObject_saysThatItIsStandardInput() throws Exception {
    Process process = shell("echo nothing | " + command("link - -o " + dir.resolve("out")));

    assertThat(exitOf(process)).isEqualTo(2);
    assertThat(err()).startsWith("metakey: standard input: ").doesNotContain("/tmp");
    assertThat(dir.resolve("out")).doesNotExist();
  }

  @Test
  void decode_whenStandardInputIsEndless_exits2() throws Exception {
    Process process = shell("exec " + command("decode - < /dev/zero"));

    assertThat(exitOf(process)).isEqualTo(2);
    assertThat(err())
        .isEqualTo(
            "metakey: standard input has more than 1048576 characters; give the bytes before one"
                + " packet\n");
  }

  @Test
  void list_whenPrinted_isUtf8InEveryLocale() throws Exception {
    Process process = shell("export LC_ALL=C; exec " + command("list -o wide"));

    assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("número de paquete");
    assertThat(exitOf(process)).isZero();
  }
}
