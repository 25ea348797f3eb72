package dev.metakey.cli;

import dev.metakey.cli.print.Terminal;
import dev.metakey.model.Names;
import dev.metakey.model.Owner;
import dev.metakey.model.ProgramName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which service a run speaks for: what {@code --service} or METAKEY_SERVICE says; else the script
 * that calls, so that not all scripts of a user are one owner; else {@code metakey}, as our own
 * executable is "java" like that of many others. Counts only if the daemon finds no unit.
 *
 * @param name what is claimed
 * @param from what the note says of the name; null if the user gave the name, and there is no note
 */
record CallingService(String name, @Nullable String from) {
  private static final String NOBODY = "metakey";
  private static final int MAX_LENGTH = 128;

  static CallingService of(Metakey options) {
    Terminal terminal = options.terminal;
    String said =
        options.service != null ? options.service : terminal.environment("METAKEY_SERVICE");
    if (said != null) {
      return new CallingService(said, null);
    }
    String script = claim(terminal.callingScript());
    return script.isEmpty()
        ? new CallingService(NOBODY, "")
        : new CallingService(script, ", the script that calls");
  }

  /** Says on whose behalf something was registered, unless the user had given the name. */
  void tell(Terminal terminal, List<Owner> owners) {
    if (from == null) {
      return;
    }
    owners.stream()
        .filter(owner -> owner.service().equals(name))
        .findFirst()
        .ifPresent(
            owner ->
                terminal.note(
                    "registered for %s%s; --service or METAKEY_SERVICE names another"
                        .formatted(owner, from)));
  }

  /** The script that called this process; empty if there is none that can be seen. */
  static String script() {
    return ProcessHandle.current()
        .parent()
        .map(parent -> script(Path.of("/proc", Long.toString(parent.pid()))))
        .orElse("");
  }

  private static String script(Path process) {
    try {
      Path executable = Files.readSymbolicLink(process.resolve("exe")).getFileName();
      String arguments = Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
      return executable == null
          ? ""
          : ProgramName.script(executable.toString(), ProgramName.arguments(arguments));
    } catch (IOException e) { // it has ended, or is somebody else's
      return "";
    }
  }

  /**
   * A script's name as the name of a service: what is not allowed there is replaced, and it is no
   * unit's.
   */
  private static String claim(String script) {
    String claim = script.replaceAll("[^A-Za-z0-9@._:-]", "_").replaceFirst("^[^A-Za-z0-9]+", "");
    String cut = claim.substring(0, Math.min(MAX_LENGTH, claim.length()));
    return cut.endsWith(Names.UNIT_SUFFIX) ? cut.replace('.', '_') : cut;
  }
}
