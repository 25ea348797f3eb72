package dev.metakey.system;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Compiles C against the image's headers: for the kernel with clang, for this machine with cc. */
final class CBuild {
  /** The headers must compile with these, and without a message. */
  static final List<String> WARNINGS = List.of("-Wall", "-Wextra", "-Werror");

  private static final int FIRST_WITH_V4 = 18;

  private static final Pattern NUMBERED = Pattern.compile("clang-(\\d+)");

  private CBuild() {}

  /** A source of the tests. */
  static Path source(String name) {
    return Path.of(System.getProperty("metakey.sources", "."), "deploy/src/test/bpf", name)
        .toAbsolutePath()
        .normalize();
  }

  static Path headers() {
    return Image.built().root().resolve("include");
  }

  /** The oldest and the newest clang found. */
  static List<String> clangs() {
    TreeSet<String> found = new TreeSet<>(Comparator.comparingInt(CBuild::version));
    for (String folder : System.getenv("PATH").split(File.pathSeparator, -1)) {
      try (Stream<Path> files = Files.list(Path.of(folder))) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> NUMBERED.matcher(name).matches())
            .forEach(found::add);
      } catch (IOException e) {
        // PATH may name folders that are not there
      }
    }
    if (found.isEmpty()) {
      return List.of("clang");
    }
    return found.size() == 1 ? List.of(found.first()) : List.of(found.first(), found.last());
  }

  /** The instruction sets that a clang knows, from the one that the headers need. */
  static List<String> cpus(String clang) {
    return version(clang) < FIRST_WITH_V4 ? List.of("v2", "v3") : List.of("v2", "v3", "v4");
  }

  private static int version(String clang) {
    Matcher matcher = NUMBERED.matcher(clang);
    return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Compiles a BPF object; a message of the compiler is a failure. */
  static Ran bpf(String clang, Path source, Path object, String... flags) throws Exception {
    List<String> command = new ArrayList<>(List.of(clang, "-O2", "-g", "-target", "bpf"));
    command.addAll(WARNINGS);
    command.addAll(includes());
    command.addAll(List.of(flags));
    command.addAll(List.of("-c", source.toString(), "-o", object.toString()));
    return run(command);
  }

  /** Compiles a program on libbpf for this machine. */
  static void program(Path source, Path program) throws Exception {
    List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O1"));
    command.addAll(WARNINGS);
    command.addAll(List.of("-I" + headers(), source.toString(), "-o", program.toString()));
    command.add("-lbpf");
    run(command);
  }

  /** Compiles what can be preloaded into a program. */
  static void library(Path source, Path library) throws Exception {
    List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-O1", "-shared", "-fPIC"));
    command.addAll(WARNINGS);
    command.addAll(List.of(source.toString(), "-o", library.toString(), "-ldl"));
    run(command);
  }

  /**
   * The folder of the headers and, for {@code <linux/bpf.h>}, that of this machine's asm/types.h.
   */
  static List<String> includes() {
    List<String> flags = new ArrayList<>(List.of("-I" + headers()));
    try (Stream<Path> folders = Files.list(Path.of("/usr/include"))) {
      folders
          .filter(folder -> Files.exists(folder.resolve("asm/types.h")))
          .forEach(folder -> flags.add("-I" + folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return flags;
  }

  /** Runs a compiler; fails with what it said. */
  static Ran run(List<String> command) throws Exception {
    return Ran.of(new ProcessBuilder(command), Host.PATIENCE).ok();
  }
}
