package dev.metakey.cli.print;

import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The process around a run: where it writes to, its environment, who called it. Data goes to {@code
 * out}, words to {@code err}. Both are UTF-8, whatever the locale, since that is what JSON is. For
 * one thread, but for what says otherwise.
 */
public final class Terminal {
  /** What a descriptor leads to. */
  public enum Kind {
    TERMINAL,
    PIPE,
    OTHER
  }

  /** A thread waiting in poll(2) would delay the exit by 300 ms, so this one looks now and then. */
  private static final long LOOK_MS = 100;

  private static final String ERASE_LINE = "\r\033[K";

  private final Writer out;
  private final Kind outKind;
  private final PrintWriter err;
  private final Kind errKind;
  private final Map<String, String> environment;
  private final Supplier<String> callingScript;
  private boolean silent; // guarded by this
  private boolean isProgressShown; // guarded by this

  /**
   * @param callingScript finds the script that called this process; empty if there is none
   */
  public Terminal(
      Writer out,
      Kind outKind,
      Writer err,
      Kind errKind,
      Map<String, String> environment,
      Supplier<String> callingScript) {
    this.out = out;
    this.outKind = outKind;
    this.err = new PrintWriter(err, true);
    this.errKind = errKind;
    this.environment = Map.copyOf(environment);
    this.callingScript = callingScript;
  }

  /** The terminal of this process. */
  public static Terminal ofProcess(Supplier<String> callingScript) {
    Map<String, String> environment = new HashMap<>(System.getenv());
    // The launcher measures the terminal, as a JVM cannot.
    String measured = System.getProperty("metakey.columns", "");
    environment.putIfAbsent("COLUMNS", measured);
    return new Terminal(
        utf8(FileDescriptor.out),
        kindOf(1),
        utf8(FileDescriptor.err),
        kindOf(2),
        environment,
        callingScript);
  }

  private static Writer utf8(FileDescriptor descriptor) {
    return new BufferedWriter(
        new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8));
  }

  /**
   * What a descriptor leads to. System.console() is no help: it looks at standard input too, and
   * from Java 22 on it always says yes.
   */
  private static Kind kindOf(int descriptor) {
    String target;
    try {
      target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
    } catch (IOException e) {
      return Kind.OTHER;
    }
    if (target.startsWith("/dev/pts/")
        || target.startsWith("/dev/tty")
        || target.equals("/dev/console")) {
      return Kind.TERMINAL;
    }
    return target.startsWith("pipe:") || target.startsWith("socket:") ? Kind.PIPE : Kind.OTHER;
  }

  /** A variable of the environment; null where it is not set, or empty. */
  public @Nullable String environment(String name) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? null : value;
  }

  /** The script that called this process; empty if there is none that can be seen. */
  public String callingScript() {
    return callingScript.get();
  }

  public boolean isOutColoured() {
    return outKind == Kind.TERMINAL && mayColour();
  }

  public boolean isErrColoured() {
    return errKind == Kind.TERMINAL && mayColour();
  }

  private boolean mayColour() {
    return environment("NO_COLOR") == null && !"dumb".equals(environment("TERM"));
  }

  /** Whether somebody sees what is written on a screen. */
  public boolean isOutTerminal() {
    return outKind == Kind.TERMINAL;
  }

  /**
   * How wide a line of the terminal is: what COLUMNS says, else what the launcher measured.
   *
   * @param unknown what to assume where nobody says
   */
  public int columns(int unknown) {
    String columns = environment("COLUMNS");
    if (columns == null || columns.length() > 4) {
      return unknown;
    }
    try {
      int number = Integer.parseInt(columns);
      return number > 0 ? number : unknown;
    } catch (NumberFormatException e) {
      return unknown;
    }
  }

  /** The columns that a table may take: as many as it needs, where it goes to no terminal. */
  int room() {
    return isOutTerminal() ? columns(Integer.MAX_VALUE) : Integer.MAX_VALUE;
  }

  /**
   * Writes data that is not text, such as a file, as it is.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void copy(Path file) {
    flush();
    try (FileOutputStream descriptor = new FileOutputStream(FileDescriptor.out)) {
      Files.copy(file, descriptor);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * This terminal with data going where messages go, for a run whose standard output carries
   * something else.
   */
  public Terminal withoutOut() {
    return new Terminal(err, errKind, err, errKind, environment, callingScript);
  }

  /** Whether somebody reads what is written, and may stop reading at any time. */
  public boolean isOutPipe() {
    return outKind == Kind.PIPE;
  }

  /**
   * Calls back once nobody reads standard output any more. For a pipe only, and only as long as
   * nothing else ends the run: the thread that looks does not keep it alive.
   */
  public void onReaderGone(Runnable action) {
    if (!isOutPipe()) {
      return;
    }
    Thread thread =
        new Thread(
            () -> {
              try {
                while (!Reader.isGone()) {
                  Thread.sleep(LOOK_MS);
                }
                action.run();
              } catch (InterruptedException | LinkageError e) {
                // The next line that is printed finds out anyway.
              }
            },
            "metakey-reader");
    thread.setDaemon(true);
    thread.start();
  }

  String paint(Style style, String text) {
    return isOutColoured() ? style.paint(text) : text;
  }

  /**
   * Prints a line of data.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void line(String text) {
    try {
      out.write(text);
      out.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Flushes what was written so far.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  public void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where data goes, for callers that format it themselves. */
  public Writer out() {
    return out;
  }

  public PrintWriter err() {
    return err;
  }

  /** From now on prints nothing: whoever ended this run need not be told that it ends. */
  public synchronized void silence() {
    endProgress();
    silent = true;
  }

  /** Whether {@link #progress} shows anything: where standard error is a terminal. */
  public boolean showsProgress() {
    return errKind == Kind.TERMINAL && !"dumb".equals(environment("TERM"));
  }

  /** Shows what is going on, until something else is shown or said. From any thread. */
  public synchronized void progress(String text) {
    if (showsProgress() && !silent) {
      String line = "metakey: " + text;
      err.print(ERASE_LINE + line.substring(0, Math.min(line.length(), columns(80) - 1)));
      err.flush();
      isProgressShown = true;
    }
  }

  /** Takes away what {@link #progress} shows. From any thread. */
  public synchronized void endProgress() {
    if (isProgressShown) {
      err.print(ERASE_LINE);
      err.flush();
      isProgressShown = false;
    }
  }

  /** Says what was done in a way that the user may not expect. */
  public void note(String text) {
    String word = isErrColoured() ? Style.ATTENTION.paint("note") : "note";
    say("metakey: " + word + ": " + Text.oneLine(text));
  }

  /** Says why nothing was done, and perhaps what to do about it. */
  public void fail(String message, @Nullable String hint) {
    String word = isErrColoured() ? Style.BAD.paint("metakey") : "metakey";
    say(word + ": " + Text.oneLine(message));
    if (hint != null) {
      say("  " + hint);
    }
  }

  private synchronized void say(String line) {
    endProgress();
    if (!silent) {
      err.println(line);
    }
  }
}
