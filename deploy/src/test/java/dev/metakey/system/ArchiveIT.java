package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The archives of classes: made where the image is, used where they fit, and never noticed. */
@LoadedPrograms.Seen
final class ArchiveIT {
  /** The most classes from no archive: the JVM makes proxies and lambda forms as it runs. */
  private static final int MADE_WHILE_RUNNING = 100;

  private static Path root;
  private static Image image;

  @RegisterExtension final Host host = new Host();

  @BeforeAll
  static void install() throws Exception {
    root = Files.createTempDirectory("metakey-archive-");
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    image = Image.built().copyWholeTo(root.resolve("image"));
    make().ok();
  }

  @AfterAll
  static void remove() throws IOException {
    Host.delete(root);
  }

  private static Path cache() {
    return image.root().resolve("cache");
  }

  private static Ran make() throws Exception {
    return Ran.of(maker(), Host.PATIENCE);
  }

  private static ProcessBuilder maker() {
    return new ProcessBuilder(image.root().resolve("lib/make-archives").toString());
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  private static Path archive(String program) throws IOException {
    String note = Files.readString(cache().resolve(program + ".archive"));
    return cache().resolve(note.split(" ", 3)[1]);
  }

  /** How many classes a program loaded, and how many of them came from an archive. */
  private record Loaded(long all, long archived) {
    static Loaded of(Path log) throws IOException {
      List<String> classes =
          Files.readAllLines(log).stream().filter(line -> line.contains(" source: ")).toList();
      long archived = classes.stream().filter(line -> line.contains("shared objects file")).count();
      return new Loaded(classes.size(), archived);
    }

    long others() {
      return all - archived;
    }
  }

  private Path logClasses() {
    Path log = host.root().resolve("classes");
    host.set("METAKEY_JAVA_OPTS", "-Xlog:class+load:file=" + log);
    return log;
  }

  private Loaded loadedBy(String... words) throws Exception {
    Path log = logClasses();
    Ran ran = host.cli(words).ok();
    assertThat(ran.err()).isEmpty();
    return Loaded.of(log);
  }

  @Test
  void programs_whenArchivesFit_loadTheirClassesFromThem() throws Exception {
    host.use(image);
    Path log = logClasses();
    host.start("--programs", "kernel");
    Loaded daemon = Loaded.of(log);
    assertThat(daemon.others()).as("%s", daemon).isLessThan(MADE_WHILE_RUNNING);
    assertThat(Files.readString(log))
        .contains(" com.sun.jna.Native source: shared") // it looks at loaded programs
        .doesNotContain(" java.lang.ProcessBuilder "); // and runs nothing

    Loaded list = loadedBy("list");
    assertThat(list.others()).as("%s", list).isLessThan(MADE_WHILE_RUNNING);
  }

  /** Compares counts, as a busy machine changes times but not counts. */
  @Test
  void verbs_whenTheyRun_loadNoMoreThanTheyNeed() throws Exception {
    host.use(image);
    host.start();

    Loaded help = loadedBy("--help");
    assertThat(help.all()).isLessThan(1500);
    assertThat(Files.readString(host.root().resolve("classes")))
        .doesNotContain(" io.grpc.", " com.google.", " com.sun.jna.");
    Loaded list = loadedBy("list");
    assertThat(list.all()).isLessThan(3800);
    assertThat(Files.readString(host.root().resolve("classes")))
        .doesNotContain(" com.google.protobuf.DescriptorProtos ", " com.sun.jna.");
  }

  /** What may be wrong with an archive. */
  private enum Damage {
    CUT_SHORT {
      @Override
      void inflict(Path archive) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
          file.setLength(file.length() / 2);
        }
      }
    },
    OTHER_HEADER {
      @Override
      void inflict(Path archive) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
          file.write(new byte[4096]);
        }
      }
    },
    GONE {
      @Override
      void inflict(Path archive) throws IOException {
        Files.delete(archive);
      }
    },
    OLDER_THAN_A_JAR {
      @Override
      void inflict(Path archive) throws IOException {
        Path jar = image.root().resolve("lib").resolve(firstJar());
        Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(1)));
      }

      private String firstJar() throws IOException {
        return files(image.root().resolve("lib")).stream()
            .map(file -> file.getFileName().toString())
            .filter(name -> name.endsWith(".jar"))
            .findFirst()
            .orElseThrow();
      }
    };

    abstract void inflict(Path archive) throws IOException;
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void archive_whenItDoesNotFit_isNotNoticed(Damage damage) throws Exception {
    host.use(image);
    Path kept = Files.createDirectory(host.root().resolve("kept"));
    String copy = "cp -a \"$1/cache\" \"$1\"/lib/*.jar \"$2\"";
    String restore =
        "rm -rf \"$1/cache\"; cp -a \"$2/cache\" \"$1\"; cp -a \"$2\"/*.jar \"$1/lib\"";
    shell(copy, image.root(), kept).ok();
    try {
      damage.inflict(archive("metakey"));

      Ran version = host.cli("--version").ok();
      assertThat(version.out()).startsWith("metakey ");
      assertThat(version.err()).isEmpty();
      Loaded loaded = loadedBy("--help");
      assertThat(loaded.others()).as("%s", loaded).isGreaterThan(MADE_WHILE_RUNNING);
    } finally {
      shell(restore, image.root(), kept).ok();
    }
  }

  private static Ran shell(String script, Path... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-euc", script, "sh"));
    for (Path argument : arguments) {
      command.add(argument.toString());
    }
    return Ran.of(new ProcessBuilder(command), Host.PATIENCE);
  }

  @Test
  void metakey_whenAnotherJavaRunsIt_startsWithoutTheArchive() throws Exception {
    Ran newest =
        Ran.of(
            new ProcessBuilder(
                Path.of(System.getProperty("metakey.sources"), "deploy/newest-jdk.sh").toString()),
            Host.PATIENCE);
    assumeFalse(newest.out().isBlank(), "a newer JDK than the build's");
    host.use(image);
    host.set("JAVA_HOME", newest.out().strip());

    Ran version = host.cli("--version").ok();

    assertThat(version.out()).startsWith("metakey ");
    assertThat(version.err()).isEmpty();
  }

  @Test
  void daemon_whenThereIsNoArchive_hasOneMade() throws Exception {
    Path note = cache().resolve("metakeyd.archive");
    Files.delete(note);
    host.use(image);
    host.start();

    // The maker has the lowest priority, so this may take long on a busy machine.
    Host.await(300, "the daemon's archive", () -> Files.exists(note));

    assertThat(archive("metakeyd")).isRegularFile();
  }

  @Test
  void makeArchives_whenOneIsKilledAndTwoFollow_leavesNothingOver() throws Exception {
    List<Path> before = files(cache());
    Files.delete(cache().resolve("metakey.archive"));
    Process killed = maker().start();
    Host.await("a maker at work", () -> killed.descendants().anyMatch(p -> isJava(p)));
    killed.descendants().forEach(ProcessHandle::destroyForcibly);
    killed.destroyForcibly().waitFor();
    Files.write(cache().resolve("metakey-0.jsa"), new byte[1]); // what it had begun

    Process first = maker().start();
    Process second = maker().start();
    assertThat(List.of(first.waitFor(), second.waitFor())).containsOnly(0);

    List<Path> after = files(cache());
    assertThat(after)
        .hasSameSizeAs(before)
        .contains(archive("metakey"), archive("metakeyd"))
        .doesNotContain(cache().resolve("metakey-0.jsa"));
  }

  private static boolean isJava(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("/java");
  }

  /** In a mount namespace of its own, where the image is read-only and the cache is empty. */
  @Test
  void archives_whenTheImageIsReadOnly_areRootsAlone() throws Exception {
    Requires.root();
    Requires.mounts();
    String script =
        """
        mount -t tmpfs none /var/cache
        mount --bind "$1" "$1"
        mount -o remount,ro,bind "$1"
        rm -rf "$1/cache" 2> /dev/null || :
        mount -t tmpfs -o ro none "$1/cache"
        used() {
          METAKEY_JAVA_OPTS="-Xlog:class+load:file=$2/classes" "$1/bin/metakey" --version
          grep -c 'dev.metakey.cli.Main source: shared' "$2/classes" || :
        }
        "$1/lib/make-archives"
        used "$@"
        chmod o+w /var/cache/metakey
        used "$@"
        ! "$1/lib/make-archives" || exit 1
        chmod o-w /var/cache/metakey
        chown 1 /var/cache/metakey
        used "$@"
        """;
    Ran ran =
        Ran.of(
            new ProcessBuilder(
                "unshare",
                "--mount",
                "sh",
                "-euc",
                script,
                "sh",
                image.root().toString(),
                host.root().toString()),
            Host.PATIENCE);

    String version = host.cli("--version").ok().out();
    assertThat(ran.ok().out()).isEqualTo(version + "1\n" + version + "0\n" + version + "0\n");
    assertThat(ran.err()).contains("cannot be written", "only root may use /var/cache/metakey");
  }
}
