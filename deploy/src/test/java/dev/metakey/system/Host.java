package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.metakey.cli.InThisProcess;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A private directory that stands for a host: socket, data, published files, config, and the
 * processes that were started there. Everything is stopped and removed after the test, and at the
 * end of the JVM whatever happened.
 */
final class Host
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** The verbs for which {@code metakey} need not be a process. */
  private static final Set<String> ASKING =
      Set.of(
          "register",
          "release",
          "resolve",
          "list",
          "show",
          "header",
          "gen",
          "status",
          "pending",
          "users",
          "history",
          "reserve",
          "unreserve",
          "undelete",
          "transfer",
          "retag",
          "backup",
          "restore",
          "read-only",
          "export",
          "import",
          "plan",
          "apply");

  private static final List<String> OPEN_POLICY =
      List.of(
          "policy:", "  - rule: open", "    allow: all", "    quota: {ids: 64, slot_bytes: 200}");

  private static final Collection<Host> OPEN = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> OPEN.forEach(Host::closeQuietly)));
  }

  private final Deque<AutoCloseable> toClose = new ArrayDeque<>();
  private final Map<String, String> environment = new ConcurrentHashMap<>();
  private String programs = "none";
  private Set<String> tags = Set.of();
  private Image image = Image.built();
  private Path root;
  private Path data;

  /** As a static field of a class it is there for all of its tests. */
  private boolean shared;

  /** How much of what is to be closed is there for all tests. */
  private int kept;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    shared = true;
    open(context);
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    if (shared) {
      kept = toClose.size();
    } else {
      open(context);
    }
  }

  private void open(ExtensionContext context) throws Exception {
    tags = context.getTags();
    if (programs.equals("kernel")) {
      requireTag();
      Lab.awaitNoneLoaded();
    }
    OPEN.add(this);
    root = Files.createTempDirectory("metakey-it-");
    // Other users must be able to pass.
    Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    data = root.resolve("data");
  }

  private void requireTag() {
    assertThat(tags).as("see LoadedPrograms").contains(LoadedPrograms.SEEN);
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    if (context.getExecutionException().isPresent() && root != null && Files.exists(log())) {
      System.err.printf("--- what metakeyd said in %s:%n", context.getDisplayName());
      Files.readAllLines(log()).forEach(System.err::println);
    }
    if (shared) {
      closeDownTo(kept);
      environment.clear();
    } else {
      end();
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    end();
  }

  private void end() throws Exception {
    close();
    OPEN.remove(this);
  }

  /**
   * Lets its daemons look at what the kernel has loaded, which the whole machine shares. Only for
   * tests that are about that, and that say so with {@link LoadedPrograms}.
   */
  Host seeingPrograms() {
    programs = "kernel";
    return this;
  }

  Path root() {
    return root;
  }

  Path socket() {
    return run().resolve("metakeyd.sock");
  }

  Path data() {
    return data;
  }

  Path run() {
    return root.resolve("run");
  }

  Path config() {
    return root.resolve("metakeyd.yaml");
  }

  Path keysDirectory() {
    return root.resolve("keys.d");
  }

  private Path log() {
    return root.resolve("metakeyd.log");
  }

  Image image() {
    return image;
  }

  /** Runs another copy of the image from now on. */
  void use(Image other) {
    image = other;
  }

  /** Keeps the data elsewhere from now on. */
  void putDataIn(Path directory) {
    data = directory;
  }

  /** Sets an environment variable for every process from now on. */
  void set(String variable, String value) {
    environment.put(variable, value);
  }

  /**
   * Writes the daemon's config. Everybody may take everything there, unless the lines have a
   * policy: {@code policy:} alone stands for the one that daemons have by themselves.
   */
  void configure(String... lines) throws IOException {
    List<String> config = new ArrayList<>(List.of(lines));
    boolean isMapping = config.stream().allMatch(line -> line.matches("(\\s|[a-z.]+:|#).*"));
    if (isMapping && config.stream().noneMatch(line -> line.startsWith("policy:"))) {
      config.addAll(OPEN_POLICY);
    }
    Files.write(config(), config);
  }

  /** Stops or removes something after the test; what was given last goes first. */
  <T extends AutoCloseable> T closeLater(T what) {
    synchronized (toClose) {
      toClose.push(what);
    }
    return what;
  }

  /** Starts a daemon, and waits until it serves. */
  DaemonProcess start(String... options) throws Exception {
    return launch(options).awaitServing();
  }

  /** Starts a daemon without waiting for it. */
  DaemonProcess launch(String... options) throws IOException {
    return launch(daemonCommand(options));
  }

  /** Starts a daemon by a command that wraps {@link #daemonCommand}. */
  DaemonProcess launch(ProcessBuilder command) throws IOException {
    return closeLater(new DaemonProcess(command, socket(), log()));
  }

  /** Runs a daemon that is expected not to come up, or only to say something. */
  Ran runDaemon(String... options) throws Exception {
    return Ran.of(daemonCommand(options), PATIENCE);
  }

  ProcessBuilder daemonCommand(String... options) throws IOException {
    if (!Files.exists(config())) {
      configure();
    }
    List<String> command = new ArrayList<>();
    command.add(image.bin("metakeyd").toString());
    List<String> given = List.of(options);
    if (given.contains("kernel")) {
      requireTag();
    }
    standard()
        .forEach(
            (option, value) -> {
              if (!given.contains(option)) {
                command.addAll(List.of(option, value));
              }
            });
    command.addAll(given);
    return process(command);
  }

  private Map<String, String> standard() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put("--config", config().toString());
    options.put("--socket", socket().toString());
    options.put("--data", data.toString());
    options.put("--run", run().toString());
    options.put("--bpffs", "none");
    options.put("--programs", programs);
    return options;
  }

  /**
   * Runs {@code metakey}. A verb that only asks the daemon is run inside this JVM: the daemon sees
   * no difference, and it costs a hundredth of a process. Tests that are about the process use
   * {@link #program}.
   */
  Ran cli(String... words) throws Exception {
    boolean likeAnother = environment.isEmpty() && image.equals(Image.built());
    return likeAnother && words.length > 0 && ASKING.contains(words[0])
        ? ask(words)
        : program(words);
  }

  private Ran ask(String... words) {
    List<String> line = new ArrayList<>(List.of(words));
    if (!line.contains("--socket")) {
      line.addAll(1, List.of("--socket", socket().toString()));
    }
    InThisProcess run = new InThisProcess(Map.of());
    int exit =
        assertTimeoutPreemptively(
            PATIENCE, () -> run.run(line.toArray(String[]::new)), () -> line + ": " + run.err());
    return new Ran(line, exit, run.out(), run.err());
  }

  /**
   * Links an object as {@code metakey link} does, for tests to which it does not matter what links.
   */
  void link(Path object, Path linked) {
    ask("link", object.toString(), "-o", linked.toString()).ok();
  }

  /** Runs {@code metakey} as a process from the image. */
  Ran program(String... words) throws Exception {
    return Ran.of(cliCommand(words), PATIENCE);
  }

  /** Runs {@code metakey} as nobody: a user who is not an admin. */
  Ran cliAsNobody(String... words) throws Exception {
    List<String> command = Requires.nobody();
    command.addAll(cliCommand(words).command());
    return Ran.of(process(command), PATIENCE);
  }

  ProcessBuilder cliCommand(String... words) {
    List<String> command = new ArrayList<>(List.of(image.bin("metakey").toString()));
    command.addAll(List.of(words));
    return process(command);
  }

  /** A command in this host's environment. */
  ProcessBuilder process(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(root.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("METAKEY_"));
    builder.environment().put("METAKEY_SOCKET", socket().toString());
    builder.environment().put("LC_ALL", "C.UTF-8"); // names in arguments are UTF-8
    builder.environment().putAll(environment);
    return builder;
  }

  /** Connects past the Java client, to send what that client would not. */
  Wiretap connect() {
    return connect("test");
  }

  Wiretap connect(String service) {
    return closeLater(new Wiretap(socket(), service));
  }

  /** Mounts a file system until the test ends. */
  Path mount(String name, String... options) throws Exception {
    Path point = Files.createDirectory(root.resolve(name));
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(options));
    command.add(point.toString());
    Ran.of(new ProcessBuilder(command), PATIENCE).ok();
    closeLater(() -> unmount(point));
    return point;
  }

  void unmount(Path point) throws Exception {
    if (Ran.of(new ProcessBuilder("mountpoint", "-q", point.toString()), PATIENCE).exit() == 0) {
      Ran.of(new ProcessBuilder("umount", point.toString()), PATIENCE).ok();
    }
  }

  private void closeQuietly() {
    try {
      close();
    } catch (Exception e) {
      System.err.println("cannot clean up: " + e);
    }
  }

  private void close() throws Exception {
    closeDownTo(0);
    if (root != null && Files.exists(root)) {
      delete(root);
    }
  }

  private void closeDownTo(int size) throws Exception {
    synchronized (toClose) {
      while (toClose.size() > size) {
        toClose.pop().close();
      }
    }
  }

  static void delete(Path tree) throws IOException {
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException failure)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Waits for what takes a while. */
  static void await(String what, Condition condition) throws Exception {
    await(30, what, condition);
  }

  /** Waits for what takes a while, for this many seconds at most. */
  static void await(int seconds, String what, Condition condition) throws Exception {
    long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.holds()) {
      if (System.nanoTime() > endNs) {
        throw new AssertionError("not within %d s: %s".formatted(seconds, what));
      }
      Thread.sleep(20);
    }
  }

  /** Something that becomes true. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws Exception;
  }
}
