package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.cli.print.EventLine;
import dev.metakey.cli.print.Terminal;
import dev.metakey.client.WatchEvent;
import dev.metakey.model.Change;
import dev.metakey.model.Durations;
import dev.metakey.model.Field;
import dev.metakey.model.RegistryInfo;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs a command for each change that a watch tells of, one at a time, in the order of changes.
 *
 * <p>Nothing is queued here: as long as a command runs, the watch is not read, and the daemon gives
 * a watcher that falls behind the whole state instead of the changes. A signal that ends this
 * process ends the command, too.
 */
final class ChangeCommand implements AutoCloseable {
  /** How long a command may go on after it was asked to end. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Terminal terminal;
  private final String command;
  private final Duration timeout;
  private final Map<String, String> environment;
  private final Thread hook = new Thread(this::onSignal, "metakey-exec");
  private @Nullable Process running; // guarded by this
  private boolean isOver; // guarded by this

  /**
   * @param command for a shell
   * @param timeout how long it may take for one change
   * @param environment what it has besides the environment of this process
   */
  ChangeCommand(
      Terminal terminal, String command, Duration timeout, Map<String, String> environment) {
    this.terminal = terminal;
    this.command = command;
    this.timeout = timeout;
    this.environment = environment;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Runs the command for what a watch told: once for a state, and once for each change. */
  void run(WatchEvent event) throws InterruptedException {
    if (event instanceof WatchEvent.State state) {
      RegistryInfo info = state.snapshot().info();
      run(info, "state", null, EventLine.state(state.snapshot()));
    } else if (event instanceof WatchEvent.Changes changes) {
      for (Change change : changes.changes()) {
        RegistryInfo info = changes.info().withRevision(change.revision());
        String line = EventLine.changes(info, List.of(change));
        run(info, change.kind().toString(), change.field(), line);
      }
    } else if (event instanceof WatchEvent.Disconnected gone) {
      terminal.note("the daemon is gone, waiting for it to come back: " + gone.cause().text());
    }
  }

  private void run(RegistryInfo info, String kind, @Nullable Field field, String line)
      throws InterruptedException {
    String about = kind + (field == null ? "" : " " + field.name());
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", command)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT)
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    describe(builder.environment(), info, kind, field);
    try {
      Process process = start(builder);
      if (process == null) {
        return;
      }
      feed(process, line);
      await(process, "for %s at revision %d".formatted(about, info.revision()));
    } catch (IOException e) {
      throw new UncheckedIOException("/bin/sh cannot be started", e);
    } finally {
      ended();
    }
  }

  /** Starts it, unless a signal has ended this process meanwhile. */
  private synchronized @Nullable Process start(ProcessBuilder builder) throws IOException {
    running = isOver ? null : builder.start();
    return running;
  }

  private synchronized void ended() {
    running = null;
  }

  private void onSignal() {
    Process process;
    synchronized (this) {
      isOver = true;
      process = running;
    }
    if (process != null) {
      endAll(process);
    }
  }

  private void describe(
      Map<String, String> variables, RegistryInfo info, String kind, @Nullable Field field) {
    variables.putAll(environment);
    variables.put("METAKEY_CHANGE", kind);
    variables.put("METAKEY_REVISION", Long.toString(info.revision()));
    variables.put("METAKEY_REGISTRY", info.registryId().toString());
    // Empty for a state, and never those of an outer watch.
    variables.put("METAKEY_NAME", field == null ? "" : field.name());
    variables.put("METAKEY_ID", field == null ? "" : Integer.toString(field.id()));
    variables.put("METAKEY_SIZE", field == null ? "" : Integer.toString(field.size()));
    variables.put("METAKEY_SLOT", field == null ? "" : Integer.toString(field.slot()));
    variables.put("METAKEY_STATE", field == null ? "" : field.state().toString());
  }

  /** In a thread of its own, as a command need not read, and a pipe does not hold everything. */
  private static void feed(Process process, String line) {
    Thread thread =
        new Thread(
            () -> {
              try (OutputStream in = process.getOutputStream()) {
                in.write((line + "\n").getBytes(UTF_8));
              } catch (IOException e) {
                // It did not read all of it.
              }
            },
            "metakey-exec-input");
    thread.setDaemon(true);
    thread.start();
  }

  private void await(Process process, String about) throws InterruptedException {
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      terminal.note(
          "the command %s was ended, as it took longer than %s (--exec-timeout)"
              .formatted(about, Durations.text(timeout.toMillis())));
      endAll(process);
      process.waitFor();
    } else if (process.exitValue() != 0) {
      terminal.note(
          "the command %s failed with exit code %d".formatted(about, process.exitValue()));
    }
  }

  /** Ends the command and what it started: asks them to end and, if they do not, kills them. */
  private static void endAll(Process process) {
    List<ProcessHandle> all =
        Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
    all.forEach(ProcessHandle::destroy);
    var unused =
        CompletableFuture.allOf(
                all.stream().map(ProcessHandle::onExit).toArray(CompletableFuture[]::new))
            .completeOnTimeout(null, GRACE.toMillis(), TimeUnit.MILLISECONDS)
            .join();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException exiting) {
      // The hook ends it.
    }
  }
}
