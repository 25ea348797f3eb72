package dev.metakey.server;

import dev.metakey.files.Failure;
import dev.metakey.files.PathText;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.config.Config;
import dev.metakey.server.config.ConfigFile;
import dev.metakey.server.config.KeysDirectory;
import dev.metakey.server.config.Read;
import dev.metakey.server.engine.ProgramSource;
import dev.metakey.server.kernel.BpfException;
import dev.metakey.server.kernel.LoadedPrograms;
import dev.metakey.server.log.Event;
import dev.metakey.server.log.Logging;
import dev.metakey.server.storage.StoreException;
import dev.metakey.server.transport.ClientFaults;
import dev.metakey.server.transport.ServiceManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code metakeyd}: runs in the foreground until SIGTERM or SIGINT; logs to stderr. */
@Command(
    name = "metakeyd",
    description = "Registry of packet metadata keys for this host.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    footerHeading =
        "%nExit codes: 0 stopped, 2 wrong flags (or what --check refuses), 8 the database or the socket cannot be used.%n")
public final class Main implements Callable<Integer> {
  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "default: /etc/metakey/metakeyd.yaml, if it is there")
  private @Nullable Path configFile;

  @Option(names = "--socket", paramLabel = "PATH", description = "where to listen")
  private @Nullable Path socket;

  @Option(names = "--data", paramLabel = "DIR", description = "the database")
  private @Nullable Path data;

  @Option(names = "--run", paramLabel = "DIR", description = "where keys and registry.bin go")
  private @Nullable Path run;

  @Option(names = "--bpffs", paramLabel = "DIR|none", description = "where maps are pinned")
  private @Nullable String bpffs;

  @Option(
      names = "--programs",
      paramLabel = "kernel|none",
      converter = ProgramsConverter.class,
      description = "none: loaded programs are not looked at, and none can be linked")
  private Config.@Nullable Programs programs;

  @Option(
      names = "--nothing-loaded",
      description =
          "your word that no program is loaded: a new layout is taken on, and released ids are free,"
              + " without a reboot")
  private boolean nothingLoaded;

  @Option(
      names = "--recover-from",
      paramLabel = "PATH",
      description =
          "a backup, a state copy, a registry.bin, a keys file, a directory that has one, or one of pinned maps: where the data is lost, begin with what it says")
  private @Nullable Path recoverFrom;

  @Option(
      names = "--check",
      description =
          "say what is wrong with the config and the reservations, and exit: 0 nothing, 2 something")
  private boolean check;

  private volatile boolean isClosed;

  private Main() {}

  public static void main(String[] args) {
    Logging.configure(new ClientFaults());
    CommandLine command = new CommandLine(new Main());
    command.registerConverter(Path.class, Main::path);
    command.setParameterExceptionHandler((wrong, words) -> usage(wrong));
    command.setExecutionExceptionHandler((failure, line, parsed) -> report(failure));
    try {
      System.exit(command.execute(args));
    } catch (Error e) {
      Runtime.getRuntime().halt(giveUp(e));
    }
  }

  /**
   * For an error that ends the thread of the start. The others would go on without it, and the
   * process would neither serve nor end; nor can hooks be run where no thread can be started.
   */
  private static int giveUp(Error error) {
    boolean isOutOfThreads = String.valueOf(error.getMessage()).contains("native thread");
    Event.START_FAILED.say(
        isOutOfThreads
            ? "metakeyd cannot run: it may not have as many threads as it needs, about 40, or no memory is left for one more; raise the limit (TasksMax of the unit, ulimit -u, pids.max of the container)"
            : "metakeyd cannot run: a defect of metakeyd: " + error);
    return Reason.INTERNAL.exitCode();
  }

  @Override
  public Integer call() throws Exception {
    Read<Config> config = config();
    if (check) {
      return check(config);
    }
    Logging.take(config.value().monitoring().log());
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitStop(stop, stopped), "shutdown"));
    try {
      serve(config, stop);
      isClosed = true;
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private static int check(Read<Config> config) {
    ConfigCheck check =
        new ConfigCheck(config, KeysDirectory.read(config.value().paths().keysDirectory()));
    List<String> faults = check.faults();
    faults.forEach(fault -> System.err.println("metakeyd: " + fault));
    check.notes().forEach(note -> System.err.println("metakeyd: note: " + note));
    if (!faults.isEmpty()) {
      return Reason.INVALID_REQUEST.exitCode();
    }
    System.out.println("config and reservations can be taken on");
    return 0;
  }

  private void serve(Read<Config> config, CountDownLatch stop) throws Exception {
    ThisProcess.requireDescriptors();
    CompletableFuture<Daemon> serving = new CompletableFuture<>();
    HangUp.handle( // a signal that comes during the start counts after it
        () -> {
          var unused = serving.thenAccept(daemon -> daemon.reload.runAndLog());
        });
    try (Daemon daemon =
        new Daemon(
            config,
            this::config,
            programsOfThisHost(),
            KeysDirectory.read(config.value().paths().keysDirectory()),
            nothingLoaded,
            recoverFrom,
            new ServiceManager(System.getenv()))) {
      serving.complete(daemon);
      stop.await();
    }
  }

  /**
   * The JVM waits for this hook, which waits until the daemon has stopped. It then exits with 0: by
   * itself the JVM would exit with 143, which systemd takes for a failure.
   */
  private void awaitStop(CountDownLatch stop, CountDownLatch stopped) {
    stop.countDown();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (isClosed) {
      Runtime.getRuntime().halt(0);
    }
  }

  /** What the kernel has loaded: nothing, if it has no BPF. */
  private static ProgramSource programsOfThisHost() {
    LoadedPrograms programs = new LoadedPrograms();
    return withPids -> {
      try {
        return withPids ? programs.scanWithPids() : programs.scan();
      } catch (BpfException e) {
        if (e.kind() == BpfException.Kind.NOT_SUPPORTED) {
          return List.of();
        }
        throw e;
      }
    };
  }

  private static Path path(String text) {
    try {
      return PathText.parse(text);
    } catch (MetakeyException e) {
      throw new CommandLine.TypeConversionException(e.text());
    }
  }

  /** What the config file says, as far as it can be used, with the flags in place of its values. */
  private Read<Config> config() {
    Path file = configFile;
    if (file == null && Files.exists(Config.DEFAULT_FILE)) {
      file = Config.DEFAULT_FILE;
    }
    Read<Config> read = file == null ? Read.sound(Config.defaults()) : ConfigFile.read(file);
    Config config = read.value();
    Config.Paths paths = config.paths();
    Config flagged = programs == null ? config : config.withPrograms(programs);
    return new Read<>(
        flagged.withPaths(
            new Config.Paths(
                socket == null ? paths.socket() : socket,
                data == null ? paths.data() : data,
                run == null ? paths.run() : run,
                bpffs == null ? paths.bpffs() : bpffs,
                paths.keysDirectory())),
        read.faults());
  }

  /** In the journal, a screen of help would hide what is wrong. */
  private static int usage(ParameterException wrong) {
    Event.START_FAILED.say("metakeyd cannot run: " + wrong.getMessage());
    if (!Logging.isJournal()) {
      wrong.getCommandLine().usage(System.err);
    }
    return Reason.INVALID_REQUEST.exitCode();
  }

  private static int report(Exception failure) {
    Reason reason;
    String text = String.valueOf(failure.getMessage());
    if (failure instanceof StoreException) {
      reason = Reason.STORE_FAILED;
    } else if (failure instanceof MetakeyException refusal) {
      reason = refusal.reason();
    } else if (failure instanceof IOException e) {
      reason = Reason.UNAVAILABLE;
      text = Failure.words(e);
    } else {
      reason = Reason.INTERNAL;
      Event.DEFECT.say("metakeyd met a defect and cannot go on; please report this", failure);
      text = "a defect of metakeyd: " + failure;
    }
    Event.START_FAILED.with("reason", reason).say("metakeyd cannot run: " + text);
    return reason.exitCode();
  }

  static final class ProgramsConverter implements CommandLine.ITypeConverter<Config.Programs> {
    @Override
    public Config.Programs convert(String word) {
      try {
        return Config.Programs.parse(word);
      } catch (IllegalArgumentException e) {
        throw new CommandLine.TypeConversionException(String.valueOf(e.getMessage()));
      }
    }
  }

  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"metakeyd " + ThisProcess.version()};
    }
  }
}
