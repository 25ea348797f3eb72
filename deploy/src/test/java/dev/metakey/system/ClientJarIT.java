package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The jar that applications use, in a Maven project outside of the tree that has an old protobuf,
 * guava and gson first on its class path; and on the module path. On every JDK the application
 * prints what it should and nothing else, so no warnings.
 */
final class ClientJarIT {
  private static final Path SOURCES =
      Path.of(System.getProperty("metakey.sources", "..")).toAbsolutePath().normalize();
  private static final Path BUILT = SOURCES.resolve("client-lib/shaded/target");
  private static final Path TESTING = SOURCES.resolve("registry-server/testing/target");
  private static final Path CONSUMER = SOURCES.resolve("deploy/src/test/consumer");
  private static final long MAX_BYTES = 12_500_000;

  @RegisterExtension final Host host = new Host();
  private Path jar;
  private String version;

  @BeforeEach
  void findJar() throws IOException {
    try (Stream<Path> files = Files.list(BUILT)) {
      jar =
          files
              .filter(
                  file -> file.getFileName().toString().matches("metakey-client-.*[T0-9]\\.jar"))
              .findFirst()
              .orElseThrow(
                  () -> new AssertionError("run 'mvn package': no client jar in " + BUILT));
    }
    version = jar.getFileName().toString().replaceAll("^metakey-client-|\\.jar$", "");
  }

  @Test
  void jar_always_hasOnlyOurNamesAndItsLicences() throws IOException {
    try (JarFile opened = new JarFile(jar.toFile())) {
      assertThat(
              opened.stream()
                  .filter(entry -> !entry.isDirectory())
                  .map(entry -> entry.getName())
                  .filter(name -> !name.startsWith("dev/metakey/"))
                  .filter(name -> !name.startsWith("META-INF/services/dev.metakey.shaded.")))
          .containsExactlyInAnyOrder(
              "META-INF/MANIFEST.MF",
              "META-INF/LICENSE",
              "META-INF/LICENSE.protobuf",
              "META-INF/NOTICE");
      assertThat(opened.getManifest().getMainAttributes().getValue("Automatic-Module-Name"))
          .isEqualTo("dev.metakey.client");
    }
    assertThat(Files.size(jar)).isLessThanOrEqualTo(MAX_BYTES);
    assertThat(BUILT.resolve("metakey-client-" + version + "-sources.jar")).isNotEmptyFile();
    assertThat(BUILT.resolve("metakey-client-" + version + "-javadoc.jar")).isNotEmptyFile();
  }

  @Test
  void application_whenItsLibrariesAreOld_registersAndWatches() throws Exception {
    host.start();
    String classPath = build();
    assertThat(classPath)
        .containsSubsequence(
            "protobuf-java-3.25.5", "guava-16.0.1", "gson-2.8.9", "metakey-client");
    String shipped = classPath.replaceAll(":[^:]*/metakey-testing-[^:]*", "");
    assertThat(shipped).isNotEqualTo(classPath);
    for (Path jdk : jdks()) {
      saysWhatItShould(List.of(jdk + "/bin/java", "-cp", shipped, "app.App"));
      host.cli("release", "app.packet_id").ok();
      Ran rehearsal = run(jdk + "/bin/java", "-cp", classPath, "app.Rehearsal");
      assertThat(rehearsal.out()).isEqualTo("registered 0\nthen retired\nleft false\n");
    }
  }

  @Test
  void application_whenItIsAModule_registersAndWatches() throws Exception {
    host.start();
    Path modules = Files.createDirectory(host.root().resolve("modules"));
    Path declaration =
        Files.writeString(
            host.root().resolve("module-info.java"),
            "module app { requires dev.metakey.client; requires jdk.unsupported; }");
    run(
        jdks().get(0) + "/bin/javac",
        "-d",
        modules.toString(),
        "-p",
        jar.toString(),
        declaration.toString(),
        CONSUMER.resolve("src/main/java/app/App.java").toString());
    for (Path jdk : jdks()) {
      saysWhatItShould(List.of(jdk + "/bin/java", "-p", jar + ":" + modules, "-m", "app/app.App"));
      host.cli("release", "app.packet_id").ok();
    }
  }

  private void saysWhatItShould(List<String> command) throws Exception {
    Ran ran = Ran.of(host.process(command), Host.PATIENCE).ok();
    assertThat(ran.out())
        .matches(
            """
            watched State
            registered app.packet_id 0
            watched (created|restored)
            viewed 0
            NOT_FOUND app.packet_id
            """);
    assertThat(ran.err()).isEmpty();
  }

  /**
   * Builds the application as its developers would, and returns the class path that Maven gives it.
   */
  private String build() throws Exception {
    Path project = host.root().resolve("app");
    copy(CONSUMER, project);
    Path repository = install();
    run(
        "mvn",
        "-B",
        "-q",
        "-ntp",
        "-s",
        settings().toString(),
        "-f",
        project.resolve("pom.xml").toString(),
        "-Dmaven.repo.local=" + repository,
        "-Dmetakey.version=" + version,
        "compile",
        "dependency:build-classpath",
        "-Dmdep.outputFile=" + project.resolve("classpath"));
    return Files.readString(project.resolve("classpath")) + ":" + project.resolve("target/classes");
  }

  /**
   * Puts what {@code mvn install} would install into a local repository that holds nothing else of
   * ours. The repository is kept for the next run, as Maven puts its plugins there too.
   */
  private Path install() throws IOException {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path repository =
        (cache == null ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache))
            .resolve("metakey/maven");
    Path ours = repository.resolve("dev/metakey");
    if (Files.exists(ours)) {
      Host.delete(ours);
    }
    install(jar, ours, "metakey-client", "jar");
    install(BUILT.resolve("dependency-reduced-pom.xml"), ours, "metakey-client", "pom");
    Path testing = TESTING.resolve("metakey-testing-" + version + ".jar");
    install(testing, ours, "metakey-testing", "jar");
    install(TESTING.resolve("dependency-reduced-pom.xml"), ours, "metakey-testing", "pom");
    install(SOURCES.resolve("pom.xml"), ours, "metakey-parent", "pom");
    return repository;
  }

  private void install(Path file, Path ours, String artifact, String type) throws IOException {
    Path place = Files.createDirectories(ours.resolve(artifact).resolve(version));
    Files.copy(file, place.resolve(artifact + "-" + version + "." + type));
  }

  /** Settings by which Maven takes what the build of metakey has fetched already. */
  private Path settings() throws IOException {
    String fetched = Path.of(System.getProperty("user.home"), ".m2/repository").toUri().toString();
    String repository =
        "<id>fetched</id><url>%s</url><releases><checksumPolicy>ignore</checksumPolicy></releases>"
            .formatted(fetched);
    return Files.writeString(
        host.root().resolve("settings.xml"),
        """
        <settings>
          <profiles>
            <profile>
              <id>fetched</id>
              <repositories><repository>%1$s</repository></repositories>
              <pluginRepositories><pluginRepository>%1$s</pluginRepository></pluginRepositories>
            </profile>
          </profiles>
          <activeProfiles><activeProfile>fetched</activeProfile></activeProfiles>
        </settings>
        """
            .formatted(repository));
  }

  /** The JDK in use, and the newest one, if that is another. */
  private List<Path> jdks() throws Exception {
    String newest = run(SOURCES.resolve("deploy/newest-jdk.sh").toString()).out().strip();
    Path used = Path.of(System.getProperty("java.home"));
    return newest.isEmpty() ? List.of(used) : List.of(used, Path.of(newest));
  }

  private Ran run(String... command) throws Exception {
    return Ran.of(host.process(List.of(command)), Host.PATIENCE.multipliedBy(3)).ok();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
