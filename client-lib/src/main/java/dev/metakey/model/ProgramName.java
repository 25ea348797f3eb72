package dev.metakey.model;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a process calls itself when nobody named a service: the base name of its executable or, for
 * an interpreter, the script, jar, module or main class that it runs. All of it is chosen by the
 * process, and proves nothing.
 */
public final class ProgramName {
  /** The version in a jar's name, which changes with an upgrade. */
  private static final Pattern VERSION = Pattern.compile("-\\d[A-Za-z0-9.+_-]*(?=\\.jar$)");

  private static final List<Interpreter> INTERPRETERS =
      List.of(
          new Interpreter(
              "java",
              Set.of(
                  "-cp",
                  "-classpath",
                  "--class-path",
                  "-p",
                  "--module-path",
                  "--upgrade-module-path",
                  "--add-modules",
                  "--limit-modules",
                  "--add-reads",
                  "--add-exports",
                  "--add-opens",
                  "--patch-module",
                  "--enable-native-access",
                  "--source"),
              Set.of("-jar", "-m", "--module"),
              ""),
          new Interpreter("(?:python|pypy)[0-9.]*", Set.of("-W", "-X", "-Q"), Set.of("-m"), "c"),
          new Interpreter(
              "(?:ba|da|z|k|mk|lk|c|tc|a|ya|fi)?sh[0-9.]*",
              Set.of("-o", "+o", "-O", "+O", "--rcfile", "--init-file"),
              Set.of(),
              "cs"),
          new Interpreter(
              "node|nodejs|deno|bun",
              Set.of("-r", "--require", "--import", "--loader", "-C", "--conditions"),
              Set.of(),
              "ep"),
          new Interpreter("perl[0-9.]*", Set.of("-I"), Set.of(), "eE"),
          new Interpreter("ruby[0-9.]*", Set.of("-I", "-r", "-C", "-E"), Set.of(), "e"),
          new Interpreter("php[0-9.]*", Set.of("-c", "-d"), Set.of("-f"), "rBRE"),
          new Interpreter("lua[0-9.]*|luajit", Set.of("-l"), Set.of(), "e"),
          new Interpreter(
              "(?:tclsh|wish)[0-9.]*|Rscript|guile[0-9.]*|expect", Set.of(), Set.of(), "ec"));

  private ProgramName() {}

  /**
   * A program that runs the code of others, and how to read its command line.
   *
   * @param name of the executable
   * @param withValue options that the next argument belongs to
   * @param naming options whose next argument is what runs
   * @param inline letters of the options that hold the code itself, so that it has no name
   */
  private record Interpreter(
      Pattern name, Set<String> withValue, Set<String> naming, String inline) {
    Interpreter(String name, Set<String> withValue, Set<String> naming, String inline) {
      this(Pattern.compile(name), withValue, naming, inline);
    }

    /** What it runs; empty if that cannot be seen. */
    String running(List<String> arguments) {
      for (int i = 0; i < arguments.size(); i++) {
        String argument = arguments.get(i);
        int equals = argument.indexOf('=');
        if (equals > 0 && naming.contains(argument.substring(0, equals))) {
          return moduleOf(argument, argument.substring(equals + 1));
        }
        if (naming.contains(argument)) {
          return i + 1 < arguments.size() ? moduleOf(argument, arguments.get(i + 1)) : "";
        }
        if (withValue.contains(argument)) {
          i++;
        } else if (argument.equals("--")) {
          return i + 1 < arguments.size() ? arguments.get(i + 1) : "";
        } else if (isInline(argument)) {
          return "";
        } else if (!argument.startsWith("-")
            && !argument.startsWith("+")
            && !argument.startsWith("@")) {
          return argument;
        }
      }
      return "";
    }

    /** {@code --module edge/dev.edge.Main} runs the module {@code edge}. */
    private static String moduleOf(String option, String value) {
      int slash = option.startsWith("-m") || option.startsWith("--m") ? value.indexOf('/') : -1;
      return slash > 0 ? value.substring(0, slash) : value;
    }

    /**
     * {@code -}, {@code -c}, {@code -lc}, {@code -e1}, {@code --eval=...}, but no other long
     * option.
     */
    private boolean isInline(String argument) {
      if (argument.equals("-") || argument.matches("--(?:eval|print)(?:=.*)?")) {
        return true;
      }
      return argument.length() > 1
          && argument.charAt(0) == '-'
          && argument.charAt(1) != '-'
          && withValue.stream().noneMatch(argument::startsWith)
          && argument.chars().skip(1).anyMatch(c -> inline.indexOf(c) >= 0);
    }
  }

  /**
   * What a process calls itself.
   *
   * @param executable the base name of the executable
   * @param arguments all of them, the program's own name first
   * @return empty if the program is an interpreter, and what it runs cannot be seen
   */
  public static String of(String executable, List<String> arguments) {
    Running running = Running.of(executable, arguments);
    Interpreter interpreter = running.interpreter();
    return interpreter == null
        ? running.program()
        : nameOf(interpreter.running(running.arguments()));
  }

  /**
   * The base name of the script that a process runs.
   *
   * @param executable as above
   * @param arguments as above
   * @return empty if it runs none that can be seen; a jar or a class does not count
   */
  public static String script(String executable, List<String> arguments) {
    Running running = Running.of(executable, arguments);
    Interpreter interpreter = running.interpreter();
    return interpreter == null || running.program().equals("java")
        ? ""
        : nameOf(interpreter.running(running.arguments()));
  }

  /** The arguments in the bytes of {@code /proc/PID/cmdline}. */
  public static List<String> arguments(String cmdline) {
    if (cmdline.isEmpty()) {
      return List.of();
    }
    return Arrays.asList(cmdline.replaceFirst("\0+$", "").split("\0", -1));
  }

  /**
   * @param arguments without the program's own name
   */
  private record Running(String program, List<String> arguments) {
    static Running of(String executable, List<String> arguments) {
      List<String> rest = arguments.subList(Math.min(1, arguments.size()), arguments.size());
      if (!executable.equals("busybox") || arguments.isEmpty()) {
        return new Running(executable, rest);
      }
      String applet = baseName(arguments.get(0));
      return applet.equals("busybox") && !rest.isEmpty()
          ? new Running(rest.get(0), rest.subList(1, rest.size()))
          : new Running(applet, rest);
    }

    @Nullable Interpreter interpreter() {
      return INTERPRETERS.stream()
          .filter(interpreter -> interpreter.name().matcher(program).matches())
          .findFirst()
          .orElse(null);
    }
  }

  /** The base name, without the version in a jar's name; empty for a pipe or descriptor. */
  private static String nameOf(String running) {
    if (running.startsWith("/dev/") || running.startsWith("/proc/")) {
      return "";
    }
    return VERSION.matcher(baseName(running)).replaceFirst("");
  }

  private static String baseName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
