package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** One run of the command line inside this process, and what came of it. */
final class Run {
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> before = new ArrayList<>();
  private Terminal.Kind outKind = Terminal.Kind.OTHER;
  private Terminal.Kind errKind = Terminal.Kind.OTHER;
  private String script = "";
  private int outLines = Integer.MAX_VALUE;

  record Result(int exit, String out, String err) {
    /** The run as a person would see it, with the exit code at the end. */
    String transcript(String... args) {
      StringBuilder text = new StringBuilder("$ metakey " + String.join(" ", args) + "\n");
      text.append(out);
      err.lines().forEach(line -> text.append("! ").append(line).append('\n'));
      return text.append("= ").append(exit).append('\n').toString();
    }
  }

  /** Splits a line as a shell would, as far as words and single quotes go. */
  static String[] words(String line) {
    return Pattern.compile("'([^']*)'|(\\S+)")
        .matcher(line)
        .results()
        .map(word -> word.group(1) != null ? word.group(1) : word.group(2))
        .toArray(String[]::new);
  }

  /** Without the note that comes after three seconds, as it does on a busy machine. */
  static String unhurried(String err) {
    return err.replaceFirst("metakey: note: waiting for the metakey daemon.*\n", "");
  }

  static Run at(FakeDaemon daemon) {
    Run run = new Run();
    run.before.addAll(List.of("--socket", daemon.socket().toString()));
    return run;
  }

  static Run alone() {
    return new Run();
  }

  Run with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** Lets a script of this name call it. */
  Run from(String callingScript) {
    script = callingScript;
    return this;
  }

  Run outTo(Terminal.Kind kind) {
    outKind = kind;
    return this;
  }

  Run errTo(Terminal.Kind kind) {
    errKind = kind;
    return this;
  }

  /** Lets the reader go after this many lines. */
  Run outEndsAfter(int lines) {
    outLines = lines;
    return this;
  }

  Result metakey(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal =
        new Terminal(new Limited(out, outLines), outKind, err, errKind, environment, () -> script);
    List<String> all = new ArrayList<>(before);
    all.addAll(List.of(args));
    int exit = CommandTree.run(terminal, all.toArray(String[]::new));
    return new Result(exit, out.toString(), unhurried(err.toString()));
  }

  /** A pipe whose reader goes away, or a disk that is full. */
  private static final class Limited extends Writer {
    private final StringWriter out;
    private int lines;

    Limited(StringWriter out, int lines) {
      this.out = out;
      this.lines = lines;
    }

    @Override
    public void write(char[] text, int from, int length) throws IOException {
      if (lines <= 0) {
        throw new IOException("No space left on device");
      }
      out.write(text, from, length);
      lines -= (int) new String(text, from, length).chars().filter(c -> c == '\n').count();
    }

    @Override
    public void flush() throws IOException {
      if (lines <= 0) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public void close() {}
  }
}
