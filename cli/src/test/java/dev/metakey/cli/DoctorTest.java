package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.cli.print.Finding;
import dev.metakey.cli.print.Finding.Level;
import dev.metakey.layout.KeysText;
import dev.metakey.layout.RegistryFile;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.DaemonStatus.Publication;
import dev.metakey.model.KernelVersion;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each thing that the doctor looks at, well and not, on a host made of files. */
class DoctorTest {
  private static final Duration A_MINUTE = Duration.ofMinutes(1);
  private static final RegistryInfo INFO = FakeDaemon.INFO;

  @TempDir Path root;

  @BeforeEach
  void makeAHostThatIsWell() throws IOException {
    write("proc/812/stat", "");
    write("proc/mounts", "proc /proc proc rw,nosuid 0 0\nbpf /sys/fs/bpf bpf rw,nosuid 0 0\n");
    write("sys/kernel/btf/vmlinux", "");
    write("run/metakey/metakeyd.sock", "");
    write("run/metakey/tag", "");
    mode("run/metakey/tag", "rw-r-----");
    publish(Snapshot.of(INFO, List.of(FakeDaemon.PACKET_ID)));
    Files.createDirectories(root.resolve("var/lib/metakey"));
    mode("var/lib/metakey", "rwxr-xr-x");
  }

  private void publish(Snapshot snapshot) throws IOException {
    write("run/metakey/keys", KeysText.text(snapshot, new UUID(0, 0)));
    ByteBuffer table = RegistryFile.create(snapshot, 1);
    byte[] bytes = new byte[table.capacity()];
    table.get(0, bytes);
    Files.write(root.resolve("run/metakey/registry.bin"), bytes);
  }

  private void write(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text, UTF_8);
  }

  private void mode(String path, String mode) throws IOException {
    Files.setPosixFilePermissions(root.resolve(path), PosixFilePermissions.fromString(mode));
  }

  private static DaemonStatus status(DaemonStatus.Programs programs, List<String> problems) {
    return new DaemonStatus(
        INFO,
        new DaemonStatus.Daemon("0.1.0", 1, 812, "/run/metakey/metakeyd.sock", "/var/lib/metakey"),
        new DaemonStatus.IdCount(1, 0, 0),
        new DaemonStatus.SlotUse(8, 112),
        new DaemonStatus.Queues(0, 0, 0),
        programs,
        List.of(
            new Publication("keys", "/run/metakey/keys", INFO.revision(), ""),
            new Publication("registry.bin", "/run/metakey/registry.bin", INFO.revision(), ""),
            new Publication("tag", "/run/metakey/tag", INFO.revision(), "")),
        List.of(),
        problems);
  }

  private List<Finding> running() {
    return running(new DaemonStatus.Programs(3, 0, "", true), List.of());
  }

  private List<Finding> running(DaemonStatus.Programs programs, List<String> problems) {
    return new DaemonExam(root).running(status(programs, problems), 0);
  }

  private static Finding about(String what, List<Finding> findings) {
    return findings.stream().filter(f -> f.what().equals(what)).findFirst().orElseThrow();
  }

  private static List<String> wrong(List<Finding> findings) {
    return findings.stream()
        .filter(f -> f.level() != Level.OK && !f.what().equals("disk"))
        .map(f -> f.level() + " " + f.what())
        .toList();
  }

  private List<Finding> host(String kernel) {
    return new HostExam(root, new KernelVersion(kernel)).look();
  }

  @Test
  void running_whenAllIsWell_findsNothing() {
    assertThat(wrong(running())).isEmpty();
    assertThat(wrong(host("6.12.1"))).isEmpty();
  }

  @Test
  void running_whenTheDaemonReportsProblems_failsForEach() {
    assertThat(wrong(running(new DaemonStatus.Programs(0, 0, "", true), List.of("a is so", "b"))))
        .containsExactly("fail problem", "fail problem");
  }

  @Test
  void running_whenAFileIsBehind_fails() throws IOException {
    publish(Snapshot.of(INFO.withRevision(40), List.of()));

    assertThat(wrong(running())).containsExactly("fail keys", "fail registry.bin");
  }

  @Test
  void running_whenAFileIsOfAnotherRegistry_fails() throws IOException {
    publish(Snapshot.empty(new UUID(7, 7), INFO.layout(), 128));

    assertThat(about("keys", running()).text())
        .contains(new UUID(7, 7).toString(), FakeDaemon.REGISTRY.toString());
  }

  @Test
  void running_whenAFileIsGoneOrDamaged_saysSo() throws IOException {
    Files.delete(root.resolve("run/metakey/keys"));
    write("run/metakey/registry.bin", "nonsense");

    assertThat(wrong(running())).containsExactly("fail keys", "fail registry.bin");
  }

  @Test
  void running_whenOthersHaveTooManyRights_warns() throws IOException {
    mode("run/metakey/tag", "rw-r--r--");
    mode("var/lib/metakey", "rwxr-xrwx");

    assertThat(wrong(running())).containsExactly("warn tag", "warn data");
    assertThat(about("tag", running()).advice()).startsWith("chmod o= /");
  }

  @Test
  void running_whenTheDaemonIsInAnotherPidNamespace_warns() throws IOException {
    Files.delete(root.resolve("proc/812/stat"));
    Files.delete(root.resolve("proc/812"));

    assertThat(wrong(running())).containsExactly("warn daemon");
  }

  @Test
  void running_whenProgramsAreStaleOrUnseen_saysSo() {
    assertThat(wrong(running(new DaemonStatus.Programs(3, 1, "", true), List.of())))
        .containsExactly("fail programs");
    assertThat(wrong(running(new DaemonStatus.Programs(0, 0, "no CAP_BPF", true), List.of())))
        .containsExactly("warn programs");
    assertThat(wrong(running(new DaemonStatus.Programs(0, 0, "none", false), List.of()))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"15, FAIL", "16, WARN", "255, WARN", "256, OK"})
  void disk_whenItFillsUp_isToldInTime(long mib, Level level) {
    assertThat(DaemonExam.disk(root, mib << 20).level()).isEqualTo(level);
  }

  @Test
  void clock_whenItWasSetBack_warns() {
    assertThat(DaemonExam.clock(2_000, 0, 1_999).text()).contains("before the daemon started");
    assertThat(DaemonExam.clock(2_000, 1_000, 2_000).level()).isEqualTo(Level.OK);
  }

  @Test
  void clock_whenTheHistoryIsLater_warns() {
    Finding behind = DaemonExam.clock(2_000, 5_000, 3_000);
    assertThat(behind.level()).isEqualTo(Level.WARN);
    assertThat(behind.text())
        .isEqualTo(
            "it is 1970-01-01T00:00:03Z, before the last change of a field (1970-01-01T00:00:05Z)");
  }

  @Test
  void backup_whenThereIsNoneOrAnOldOne_warns() throws IOException {
    Path backups = Files.createDirectory(root.resolve("backups"));
    assertThat(DaemonExam.backup(backups, 1).level()).isEqualTo(Level.WARN);

    Path file = Files.createFile(backups.resolve("a"));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000));

    long weekMs = 7 * 24 * 3_600_000L;
    assertThat(DaemonExam.backup(backups, 1_000 + weekMs).level()).isEqualTo(Level.OK);
    assertThat(DaemonExam.backup(backups, 1_001 + weekMs).level()).isEqualTo(Level.WARN);
  }

  @Test
  void look_whenTheKernelIsOldOrBare_warns() throws IOException {
    Files.delete(root.resolve("sys/kernel/btf/vmlinux"));
    write("proc/mounts", "proc /proc proc rw,hidepid=invisible 0 0\n");

    assertThat(wrong(host("6.12.1"))).containsExactly("warn bpffs", "warn btf", "warn peers");
    write("proc/mounts", "proc /proc proc rw,hidepid=0 0 0\nbpf /sys/fs/bpf bpf rw 0 0\n");
    assertThat(wrong(host("5.0.1"))).containsExactly("warn btf", "warn events", "warn peers");
    assertThat(wrong(host("6.4.1"))).containsExactly("warn btf", "warn peers");
  }

  private Path checker(String script) throws IOException {
    write("bin/metakeyd", "#!/bin/sh\n" + script + "\n");
    mode("bin/metakeyd", "rwxr-xr-x");
    return root.resolve("bin/metakeyd");
  }

  @Test
  void config_whenChecked_isAsTheDaemonSays() throws IOException {
    assertThat(ConfigExam.look(checker("echo fine $*"), Path.of("/a.yaml"), A_MINUTE))
        .isEqualTo(Finding.ok("config", "fine --check --config /a.yaml"));
    assertThat(ConfigExam.look(checker("echo metakeyd: a:3: bad >&2; exit 2"), null, A_MINUTE))
        .extracting(Finding::level, Finding::text)
        .containsExactly(Level.FAIL, "a:3: bad");
    assertThat(ConfigExam.look(checker("echo metakeyd: note: partly"), null, A_MINUTE).level())
        .isEqualTo(Level.WARN);
    assertThat(ConfigExam.look(root.resolve("none"), null, A_MINUTE).level()).isEqualTo(Level.WARN);
  }

  @Test
  void config_whenTheCheckDoesNotEnd_isNotWaitedForAnyLonger() throws IOException {
    Finding finding = ConfigExam.look(checker("exec sleep 1000"), null, Duration.ofMillis(1));

    assertThat(finding.level()).isEqualTo(Level.WARN);
    assertThat(finding.text()).startsWith("not checked: 'metakeyd --check' was not done after ");
  }

  @Test
  void doctor_whenThereIsNoDaemon_looksAtTheHost() {
    Run.Result result = Run.alone().metakey("doctor", "--socket", root.resolve("none").toString());

    assertThat(result.exit()).isEqualTo(Exit.UNHEALTHY);
    assertThat(result.out())
        .contains(
            "fail  daemon        no metakey daemon at ", "warn  files         nothing is published")
        .contains("  config        ", "  bpffs         ", "  btf           ", "  peers         ");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void doctor_whenJsonIsWanted_hasAnObjectForEachFinding() throws Exception {
    try (FakeDaemon daemon = new FakeDaemon(root.resolve("s"))) {
      daemon.problems = List.of("the disk is full");

      Run.Result lines = Run.at(daemon).metakey("doctor", "-o", "jsonl");
      Run.Result document = Run.at(daemon).metakey("doctor", "-o", "json");

      assertThat(lines.exit()).isEqualTo(Exit.UNHEALTHY);
      assertThat(lines.out())
          .contains(
              "{\"level\":\"fail\",\"what\":\"problem\",\"text\":\"the disk is full\",\"advice\":null}\n");
      assertThat(document.out()).startsWith("{\n  \"findings\": [\n    {\n      \"level\": ");
    }
  }

  @Test
  void doctor_whenTheOptionsAreWrong_isNoFinding() {
    assertThat(Run.alone().metakey("doctor", "--timeout", "25h").exit())
        .isEqualTo(Reason.INVALID_REQUEST.exitCode());
  }
}
