package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.client.MetakeyClient;
import dev.metakey.model.FieldSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * {@code metakey id NAME} as the launcher answers it, beside the program. A copy of the launcher
 * that has no program shows which of the two answered: it fails if the launcher does not.
 */
final class LauncherIT {
  private static final Path GOLDEN =
      Path.of(System.getProperty("metakey.sources", ".")).resolve("cli/src/test/resources/golden");
  private static final String STALE =
      "metakey: note: stale: the daemon cannot be reached; this is what it published last, at revision 2\n";

  @RegisterExtension final Host host = new Host();
  private DaemonProcess daemon;
  private Path alone;

  @BeforeEach
  void start() throws Exception {
    alone = Files.createDirectories(host.root().resolve("alone/bin")).resolve("metakey");
    Files.copy(host.image().bin("metakey"), alone);
    Files.setPosixFilePermissions(alone, PosixFilePermissions.fromString("rwxr-xr-x"));
    daemon = host.start();
    host.cli("register", "edge.a:8", "edge.ab:4", "--service", "edge").ok();
    host.connect().awaitPublished();
  }

  private Path keys() {
    return host.run().resolve("keys");
  }

  private void awaitPublished(String words) throws Exception {
    Host.await(words, () -> Files.readString(keys()).contains(words));
  }

  private Ran launcher(String... words) throws Exception {
    return Ran.of(host.process(command(words)), Host.PATIENCE);
  }

  private List<String> command(String... words) {
    List<String> command = new ArrayList<>(List.of(alone.toString()));
    command.addAll(List.of(words));
    return command;
  }

  /** What the program prints on a terminal of its own, which script(1) makes. */
  private List<String> onTerminal(int columns, String words) throws Exception {
    String line = "stty cols %d; '%s' %s".formatted(columns, host.image().bin("metakey"), words);
    host.set("NO_COLOR", "1");
    Ran ran = Ran.of(host.process(List.of("script", "-qec", line, "/dev/null")), Host.PATIENCE);
    assertThat(ran.exit()).as(ran.toString()).isZero();
    return Ran.unhurried(ran.out().replace("\r", "")).lines().toList();
  }

  @Test
  void list_whenTheTerminalIsNarrow_fits() throws Exception {
    assertThat(onTerminal(40, "list"))
        .startsWith("ID  NAME                 STATE       …", "0   edge.a               active")
        .allMatch(line -> line.length() <= 40);
    assertThat(onTerminal(200, "list").get(0)).endsWith("STATE       OWNER");
    // COLUMNS wins, and what goes to no terminal is whole.
    assertThat(
            onTerminal(
                200, "list | cat; COLUMNS=40 '%s' list".formatted(host.image().bin("metakey"))))
        .anyMatch(line -> line.endsWith("STATE       OWNER"))
        .anyMatch(line -> line.endsWith("STATE       …"));
    assertThat(onTerminal(60, "list --help")).allMatch(line -> line.length() <= 60);
  }

  private Ran program(String... words) throws Exception {
    ProcessBuilder command = host.cliCommand(words);
    command.environment().put("METAKEY_JAVA_OPTS", "-Dby=program");
    return Ran.of(command, Host.PATIENCE);
  }

  private static void assertSame(Ran one, Ran other) {
    assertThat(List.of(one.exit(), one.out(), Ran.unhurried(one.err())))
        .as("%s and %s", one, other)
        .isEqualTo(List.of(other.exit(), other.out(), Ran.unhurried(other.err())));
  }

  private void assertAnswers(String name, int id) throws Exception {
    Ran ran = launcher("id", name).ok();
    assertThat(List.of(ran.out(), ran.err())).containsExactly(id + "\n", "");
  }

  private static void assertLeavesItToProgram(Ran ran) {
    assertThat(ran.err()).as("%s", ran).contains("java.sh");
    assertThat(ran.out()).as("%s", ran).isEmpty();
    assertThat(ran.exit()).isNotZero();
  }

  private void assertLeavesItToProgram(String... words) throws Exception {
    assertLeavesItToProgram(launcher(words));
  }

  private boolean isLeftToProgram(Ran ran) {
    return ran.err().contains("java.sh");
  }

  @Test
  void id_whenTheDaemonLives_isAnsweredWithoutAProcess() throws Exception {
    assertAnswers("edge.a", 0);
    assertAnswers("edge.ab", 1);
    assertAnswers("kernel.rx_hash", 65);
    ProcessBuilder nothing = host.process(command("id", "edge.ab"));
    nothing.environment().put("PATH", "/nonexistent");
    assertThat(Ran.of(nothing, Host.PATIENCE).ok().out()).isEqualTo("1\n");
  }

  @Test
  void id_whenAnotherUserAsks_isAnsweredToo() throws Exception {
    List<String> nobody = Requires.nobody();
    nobody.addAll(command("id", "edge.ab"));
    assertThat(Ran.of(host.process(nobody), Host.PATIENCE).ok().out()).isEqualTo("1\n");
  }

  private static List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> files = Files.list(GOLDEN)) {
      for (Path file : files.sorted().toList()) {
        Files.readAllLines(file).stream()
            .filter(line -> line.matches("\\$ metakey (.* )?id( .*)?"))
            .map(line -> line.substring("$ metakey ".length()))
            .forEach(lines::add);
      }
    }
    lines.addAll(
        List.of(
            "id edge.a",
            "id edge.ab",
            "id kernel.rx_vlan_tag",
            "id edge.abc",
            "id edge.",
            "id id",
            "id #",
            "id 0",
            "id *",
            "id -- edge.a",
            "id edge.a --wait 1s",
            "id edge.a --timeout 1s",
            "--debug id edge.a"));
    assertThat(lines).hasSizeGreaterThan(20);
    return lines.stream().distinct().toList();
  }

  @Test
  void line_whoeverAnswers_getsTheSame() throws Exception {
    int answered = 0;
    for (String line : lines()) {
      String[] words = line.split(" ", -1);
      if (isLeftToProgram(launcher(words))) { // which other tests cover
        continue;
      }
      assertSame(host.cli(words), program(words));
      answered++;
    }
    assertThat(answered).as("lines that the launcher answers").isGreaterThan(2);
  }

  @Test
  void name_whenItIsOdd_isLeftToTheProgram() throws Exception {
    for (String name :
        List.of("", " ", "edge.a ", "edge.a #", "edge.é", "[a-z]*", "edge.a\nb", "\\")) {
      assertLeavesItToProgram("id", name);
    }
  }

  @Test
  void output_whenItCannotBeWritten_failsTheSame() throws Exception {
    String full = "exec \"$0\" id edge.a > /dev/full";
    String closed = "mkfifo p; exec 3<>p; exec 4>p; exec 3>&-; rm p; exec \"$0\" id edge.a >&4";
    for (String script : List.of(full, closed)) {
      ProcessBuilder mine =
          host.process(List.of("sh", "-c", script, host.image().bin("metakey").toString()));
      ProcessBuilder programs =
          host.process(List.of("sh", "-c", script, host.image().bin("metakey").toString()));
      programs.environment().put("METAKEY_JAVA_OPTS", "-Dby=program");
      assertSame(Ran.of(mine, Host.PATIENCE), Ran.of(programs, Host.PATIENCE));
    }
  }

  @Test
  void id_whenTheDaemonWasKilled_isStaleUntilAnotherServes() throws Exception {
    daemon.kill();
    assertSame(launcher("id", "edge.ab"), program("id", "edge.ab"));
    assertThat(launcher("id", "edge.ab").err()).isEqualTo(STALE);
    assertLeavesItToProgram("id", "edge.abc");

    daemon = host.start();
    assertAnswers("edge.ab", 1);
  }

  @Test
  void id_whenTheDaemonWasStopped_isStale() throws Exception {
    daemon.terminate();
    assertSame(launcher("id", "edge.ab"), program("id", "edge.ab"));
    assertThat(launcher("id", "edge.ab").err()).isEqualTo(STALE);

    Files.delete(host.run().resolve("registry.bin"));
    assertLeavesItToProgram("id", "edge.ab");
  }

  @Test
  void id_whenTheDaemonIsFrozen_isLeftToTheProgram() throws Exception {
    daemon.signal("STOP");
    assertLeavesItToProgram("id", "edge.ab");
    daemon.signal("CONT");
    assertAnswers("edge.ab", 1);
  }

  @Test
  void id_whenAnotherDaemonServesAndDoesNotPublishThere_isLeftToTheProgram() throws Exception {
    daemon.kill();
    host.configure("layout: wrong");
    daemon = host.start(); // read-only: what was published is evidence, and stays
    assertThat(keys()).content().contains("edge.ab");
    assertLeavesItToProgram("id", "edge.ab");
    assertThat(Ran.unhurried(host.cli("id", "edge.ab").ok().err())).isEmpty();

    daemon.kill();
    host.configure("publish: {keys: false}");
    daemon = host.start();
    assertLeavesItToProgram("id", "edge.ab");

    daemon.kill();
    host.configure();
    daemon = host.start("--run", host.root().resolve("elsewhere").toString());
    assertLeavesItToProgram("id", "edge.ab");
  }

  @Test
  void id_whenTheDataIsRestored_isWhatTheProgramSays() throws Exception {
    daemon.terminate();
    Path copy = host.root().resolve("copy");
    Ran.of(new ProcessBuilder("cp", "-a", host.data().toString(), copy.toString()), Host.PATIENCE)
        .ok();
    daemon = host.start();
    host.cli("release", "edge.ab").ok();
    host.cli("register", "edge.b:4", "--service", "edge").ok();
    daemon.kill();
    Host.delete(host.data());
    Files.move(copy, host.data());
    daemon = host.start();
    for (String name : List.of("edge.a", "edge.ab", "edge.b")) {
      assertSame(host.cli("id", name), program("id", name));
    }
  }

  @Test
  void keys_whenTheyAreRemovedCutOrGarbled_neverGiveAWrongAnswer() throws Exception {
    String whole = Files.readString(keys());
    for (int length = 0; length < whole.length(); length += 11) {
      Files.writeString(keys(), whole.substring(0, length));
      Ran ran = launcher("id", "edge.a");
      assertThat(isLeftToProgram(ran) || ran.out().equals("0\n"))
          .as("%d: %s", length, ran)
          .isTrue();
    }
    int name = whole.indexOf("edge.ab");
    for (String garbled :
        List.of(
            whole.substring(0, name + "edge.a".length()),
            whole.substring(0, name + "edge.a".length()) + "\n",
            whole.replace("0\tedge.a ", "x\tedge.a "),
            whole.replace("0\tedge.a ", "-1\tedge.a "),
            whole.replace("0\tedge.a ", "100\tedge.a "),
            whole.replace("0\tedge.a #", "0\tedge.a"),
            whole.replaceFirst("0\tedge.a # size=8", "0\tedge.a # size=9"),
            "\n" + whole,
            whole.replace("metakey keys", "metakey kez"))) {
      Files.writeString(
          keys(), garbled.replaceFirst("\n0\tedge.a # size=8", "\n# 0\tgone # size=8"));
      assertLeavesItToProgram("id", "edge.a");
    }
    Files.delete(keys());
    assertLeavesItToProgram("id", "edge.a");
    Files.createSymbolicLink(keys(), Files.writeString(host.root().resolve("other"), whole));
    assertLeavesItToProgram("id", "edge.a");
  }

  @Test
  void keys_whenTheyNameAnotherProcess_areNotBelieved() throws Exception {
    String pid = Long.toString(ProcessHandle.current().pid());
    String text = Files.readString(keys());
    for (String forged :
        List.of(
            " pid=[0-9]+/ pid=1",
            " pid=[0-9]+/ pid=",
            " pid=[0-9]+/ pid=-1",
            " pid=[0-9]+/ pid=self",
            " pid=[0-9]+/ pid=PARENT",
            " started=[0-9]+/ started=1",
            " started=[0-9]+/ started=",
            " pidns=[0-9]+/ pidns=1",
            " boot=[0-9a-f]/ boot=x",
            " socket=.*/ socket=/run/other.sock",
            " socket=.*/",
            " crc32c=/ ")) {
      String[] halves = forged.split("/", 2);
      String changed = text.replaceFirst(halves[0], halves[1].replace("PARENT", pid));
      assertThat(changed).as(forged).isNotEqualTo(text);
      Files.writeString(keys(), changed);
      assertLeavesItToProgram("id", "edge.a");
    }
  }

  @Test
  void id_whenAskedInAnotherPidNamespace_isLeftToTheProgram() throws Exception {
    Requires.mounts();
    List<String> inside = new ArrayList<>(List.of("unshare", "--pid", "--fork", "--mount-proc"));
    inside.addAll(command("id", "edge.a"));
    assertLeavesItToProgram(Ran.of(host.process(inside), Host.PATIENCE));
    inside.remove("--mount-proc");
    assertLeavesItToProgram(Ran.of(host.process(inside), Host.PATIENCE));
  }

  @Test
  void id_whenProcHidesTheDaemon_isNotStale() throws Exception {
    Requires.mounts();
    String hidden = "mount -t proc -o hidepid=2 proc /proc && exec \"$@\"";
    List<String> inside = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", hidden, "sh"));
    inside.addAll(Requires.nobody());
    inside.addAll(command("id", "edge.a"));
    assertLeavesItToProgram(Ran.of(host.process(inside), Host.PATIENCE));
  }

  @Test
  void environment_whenItAsksForSomethingElse_isLeftToTheProgram() throws Exception {
    for (String variable :
        List.of(
            "METAKEY_RUN=/run/metakey",
            "METAKEY_JAVA_OPTS=-Da=b",
            "METAKEY_SERVICE=no service",
            "METAKEY_SERVICE=-x",
            "METAKEY_SERVICE=x.service",
            "METAKEY_SOCKET=metakeyd.sock",
            "METAKEY_SOCKET=/nonexistent/metakeyd.sock",
            "METAKEY_SOCKET=/")) {
      String[] halves = variable.split("=", 2);
      ProcessBuilder asking = host.process(command("id", "edge.a"));
      asking.environment().put(halves[0], halves[1]);
      assertLeavesItToProgram(Ran.of(asking, Host.PATIENCE));
    }
  }

  @Test
  void environment_whenItNamesTheSocketsOwnDirectory_makesNoDifference() throws Exception {
    Path link = Files.createSymbolicLink(host.root().resolve("same"), host.run());
    for (String same : List.of(host.run().toString(), host.run() + "/", link.toString())) {
      host.set("METAKEY_RUN", same);
      assertAnswers("edge.a", 0);
    }
    host.set("METAKEY_RUN", Files.createDirectory(host.root().resolve("other")).toString());
    assertLeavesItToProgram("id", "edge.a");
  }

  @Test
  void environment_whenItNamesAService_makesNoDifference() throws Exception {
    host.set("METAKEY_SERVICE", "edge-1.x");
    assertAnswers("edge.a", 0);
  }

  @Test
  void socket_whenOthersMayPutAFileBesideItOrItIsGone_isLeftToTheProgram() throws Exception {
    Files.setAttribute(host.run(), "unix:mode", 01777);
    assertLeavesItToProgram("id", "edge.a");
    Files.setAttribute(host.run(), "unix:mode", 0755);
    assertAnswers("edge.a", 0);

    Path link = Files.createSymbolicLink(host.root().resolve("link"), host.run());
    host.set("METAKEY_SOCKET", link.resolve("metakeyd.sock").toString());
    assertLeavesItToProgram(
        "id", "edge.a"); // as far as the launcher knows, another path than the daemon's
  }

  @Test
  void release_whenItIsAnswered_nobodyGetsTheOldId() throws Exception {
    try (MetakeyClient client = MetakeyClient.builder().socket(host.socket()).connect()) {
      for (int i = 0; i < 100; i++) {
        int id = client.register(FieldSpec.of("edge.hot", 2)).value().get(0).field().id();
        Ran registered = launcher("id", "edge.hot");
        assertThat(registered.out().equals(id + "\n") || isLeftToProgram(registered))
            .as("%s", registered)
            .isTrue();
        var unused = client.release("edge.hot");
        assertLeavesItToProgram("id", "edge.hot");
      }
    }
  }

  @Test
  void release_whenTheFileCannotBeReplaced_nobodyGetsTheOldId() throws Exception {
    Path inTheWay = Files.createDirectories(host.run().resolve(".keys.tmp/x"));
    host.cli("release", "edge.ab").ok();
    assertLeavesItToProgram("id", "edge.ab");
    host.cli("id", "edge.ab").refuses(3, "is retired");

    Files.delete(inTheWay);
    awaitPublished("state=retired");
    assertAnswers("edge.a", 0);
  }
}
