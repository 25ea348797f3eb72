package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.cli.print.Terminal;
import dev.metakey.model.Reason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FailuresTest {
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

  /** The table of exit codes in docs/errors.md, once more, as scripts depend on it. */
  @ParameterizedTest
  @CsvSource({
    "INTERNAL, 1",
    "INVALID_NAME, 2",
    "INVALID_SIZE, 2",
    "INVALID_ATTRIBUTE, 2",
    "INVALID_REQUEST, 2",
    "NOT_FOUND, 3",
    "MISMATCH, 4",
    "OWNED_BY_OTHER, 4",
    "ID_TAKEN, 4",
    "NOT_PERMITTED, 5",
    "QUOTA_EXCEEDED, 6",
    "NO_FREE_ID, 6",
    "NO_FREE_SLOT, 6",
    "TOO_MANY_WAITERS, 6",
    "IN_USE, 7",
    "WRONG_GENERATION, 7",
    "READ_ONLY, 7",
    "STORE_FAILED, 8",
    "UNAVAILABLE, 8",
    "FLEET_AWAY, 8",
    "DEADLINE_EXCEEDED, 9",
  })
  void exitCode_whenRefused_isThatOfTheReason(Reason reason, int exit) {
    daemon.refuse(reason, "it is so");

    Run.Result result = Run.at(daemon).metakey("release", "edge.packet_id");

    assertThat(result.exit()).isEqualTo(exit);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("metakey: it is so\n").doesNotContain("Exception");
    assertThat(result.err().lines().count()).isLessThanOrEqualTo(2);
  }

  @Test
  void exitCodes_whenListed_coverEveryReason() {
    List<String> tested =
        Arrays.stream(FailuresTest.class.getDeclaredMethods())
            .filter(method -> method.isAnnotationPresent(CsvSource.class))
            .flatMap(method -> Arrays.stream(method.getAnnotation(CsvSource.class).value()))
            .map(line -> line.replaceAll(",.*", ""))
            .toList();

    assertThat(tested)
        .containsExactlyInAnyOrder(
            Arrays.stream(Reason.values()).map(Reason::name).toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "register a.b:8",
        "release a.b",
        "release --uid 0",
        "id a.b",
        "id a.b --wait 1s",
        "resolve a.b",
        "list",
        "show a.b",
        "header",
        "watch",
        "status",
        "reserve a.b --id 1 --size 8",
        "unreserve a.b",
        "undelete a.b",
        "transfer a.b --to x.service",
        "history",
        "pending",
        "link src/test/resources/objects/prog.bpf.o -o target/refused.bpf.o",
      })
  void everyVerb_whenRefused_fails(String line) {
    daemon.refuse(Reason.NOT_PERMITTED, "you may not");

    Run.Result result = Run.at(daemon).metakey(Run.words(line));

    assertThat(result.exit()).isEqualTo(5);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).isEqualTo("metakey: you may not\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"id a.b", "list", "status", "watch", "release a.b", "pending"})
  void everyVerb_whenThereIsNoDaemon_exits8(String line) {
    String[] args = Run.words("--socket " + dir.resolve("none") + " " + line);

    Run.Result result = Run.alone().metakey(args);

    assertThat(result.exit()).isEqualTo(8);
    assertThat(result.out()).isEmpty();
    assertThat(result.err()).startsWith("metakey: no metakey daemon at " + dir.resolve("none"));
  }

  /** It tries once, and then looks what is there: it does not wait for a daemon to come. */
  @ParameterizedTest
  @ValueSource(strings = {"id a.b", "list", "status", "watch", "release a.b", "pending"})
  void everyVerb_whenTheConnectionIsLost_connectsOnceAndLooksOnce(String line) throws Exception {
    Path socket = dir.resolve("lost");
    AtomicInteger connections = new AtomicInteger();
    try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listening.bind(UnixDomainSocketAddress.of(socket));
      Thread hangsUp = new Thread(() -> hangUp(listening, connections));
      hangsUp.start();

      Run.Result result = Run.alone().metakey(Run.words("--socket " + socket + " " + line));

      assertThat(result.exit()).isEqualTo(8);
      assertThat(result.err()).startsWith("metakey: no metakey daemon at " + socket);
      listening.close();
      hangsUp.join();
      assertThat(connections).hasValueLessThanOrEqualTo(2);
    }
  }

  private static void hangUp(ServerSocketChannel listening, AtomicInteger connections) {
    try {
      while (true) {
        listening.accept().close();
        connections.incrementAndGet();
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  @Test
  void register_whenTheDaemonComesUpMeanwhile_waitsForIt() throws Exception {
    Path socket = dir.resolve("late");
    Thread starter =
        new Thread(
            () -> {
              try {
                Thread.sleep(300);
                daemon = replace(socket);
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    starter.start();

    Run.Result result = Run.alone().metakey("--socket", socket.toString(), "register", "a.b:8");

    starter.join();
    assertThat(result.err()).isEmpty();
    assertThat(result.exit()).isZero();
  }

  private FakeDaemon replace(Path socket) throws Exception {
    daemon.close();
    return new FakeDaemon(socket);
  }

  @Test
  void socket_whenItIsNone_saysWhatIsThere() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));

    Run.Result result = Run.alone().metakey("--socket", file.toString(), "list");

    assertThat(result.exit()).isEqualTo(8);
    assertThat(result.err()).contains("not a socket");
  }

  @Test
  void socket_whenItsPathIsTooLong_isRefused() {
    Run.Result result = Run.alone().metakey("--socket", "/" + "x".repeat(107), "list");

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("108 bytes long");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "id a.b --wait 2s",
        "resolve a.b a.c --wait 2s",
        "link src/test/resources/objects/prog.bpf.o -o target/waited.o --wait 2s"
      })
  void wait_onATerminal_showsForHowLong(String line) {
    Run.Result result =
        Run.alone()
            .errTo(Terminal.Kind.TERMINAL)
            .metakey(Run.words("--socket " + dir.resolve("none") + " " + line));
    assertThat(result.exit()).as(result.err()).isEqualTo(8);
    assertThat(result.err()).contains("waiting 1s of 2s for ");
  }

  @Test
  void wait_whenItIsZero_isRefusedByTheDaemon() {
    Run.Result result = Run.at(daemon).metakey("id", "edge.packet_id", "--wait", "0");

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).startsWith("metakey: ").contains("wait");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void debug_whenAsked_showsWhereItComesFrom() {
    daemon.refuse(Reason.NOT_FOUND, "gone");

    assertThat(Run.at(daemon).metakey("show", "a.b").err()).doesNotContain("\tat ");
    assertThat(Run.at(daemon).metakey("show", "a.b", "--debug").err()).contains("\tat ");
    assertThat(Run.at(daemon).with("METAKEY_DEBUG", "1").metakey("show", "a.b").err())
        .contains("\tat ");
  }

  @Test
  void status_whenTheDaemonHasProblems_exits10AndListsThem() {
    daemon.problems = List.of("the disk is full");

    Run.Result result = Run.at(daemon).metakey("status");

    assertThat(result.exit()).isEqualTo(10);
    assertThat(result.out()).startsWith("problem    the disk is full\n").doesNotContain("health");
    assertThat(Run.at(daemon).metakey("status", "-o", "json").out())
        .contains("\"healthy\": false", "\"the disk is full\"");
  }

  @Test
  void output_whenNobodyReads_exits141WithoutWords() {
    Run.Result result = Run.at(daemon).outTo(Terminal.Kind.PIPE).outEndsAfter(0).metakey("list");

    assertThat(result.exit()).isEqualTo(141);
    assertThat(result.err()).isEmpty();
  }

  @Test
  void output_whenTheDiskIsFull_exits1AndSaysSo() {
    Run.Result result = Run.at(daemon).outEndsAfter(0).metakey("list");

    assertThat(result.exit()).isEqualTo(1);
    assertThat(result.err())
        .isEqualTo("metakey: the output cannot be written: No space left on device\n");
  }

  @Test
  void link_whenTheOutputCannotBeWritten_exits1AndSaysSo() {
    Run.Result result =
        Run.at(daemon)
            .metakey("link", "src/test/resources/objects/prog.bpf.o", "-o", "none/linked.bpf.o");

    assertThat(result.exit()).isEqualTo(1);
    assertThat(result.err())
        .isEqualTo("metakey: none/linked.bpf.o cannot be written: no such file or directory\n");
    assertThat(daemon.wasAsked()).isFalse();
  }

  @Test
  void message_whenItHasControlCharacters_showsThemAsText() {
    daemon.refuse(Reason.OWNED_BY_OTHER, "owned by evil\u001b[2J\nmetakey: all is well");

    Run.Result result = Run.at(daemon).metakey("release", "a.b");

    assertThat(result.err())
        .isEqualTo("metakey: owned by evil\\u{1b}[2J\\u{a}metakey: all is well\n");
  }

  @Test
  void description_whenTheLocaleGarbledIt_isRefused() {
    Run.Result result =
        Run.at(daemon).metakey("register", "a.b:8", "--description", "Gr\ufffd\ufffde");

    assertThat(result.exit()).isEqualTo(2);
    assertThat(result.err()).contains("LC_ALL=C.UTF-8");
    assertThat(daemon.wasAsked()).isFalse();
  }
}
