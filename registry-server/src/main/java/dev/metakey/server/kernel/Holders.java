package dev.metakey.server.kernel;

import static java.util.stream.Collectors.toSet;

import dev.metakey.model.LoadedProgram;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Finds which processes hold a program open, directly or through a link: {@code
 * /proc/PID/fdinfo/FD} names the program.
 */
final class Holders {
  private static final String PROGRAM_ID = "prog_id:";

  private Holders() {}

  static List<LoadedProgram> addTo(List<LoadedProgram> programs) {
    if (programs.isEmpty()) {
      return programs;
    }
    Map<Integer, SortedSet<Integer>> pids = pids(Path.of("/proc"), ids(programs));
    return programs.stream()
        .map(p -> withPids(p, List.copyOf(pids.getOrDefault(p.id(), new TreeSet<>()))))
        .toList();
  }

  private static Set<Integer> ids(List<LoadedProgram> programs) {
    return programs.stream().map(LoadedProgram::id).collect(toSet());
  }

  private static LoadedProgram withPids(LoadedProgram program, List<Integer> pids) {
    return new LoadedProgram(
        program.id(),
        program.name(),
        program.type(),
        program.tag(),
        program.loadedAtMs(),
        pids,
        program.uses(),
        program.unused());
  }

  /**
   * Pids by program. Processes that we may not look at, or that have gone meanwhile, are left out.
   */
  static Map<Integer, SortedSet<Integer>> pids(Path proc, Set<Integer> programs) {
    Map<Integer, SortedSet<Integer>> pids = new TreeMap<>();
    for (Path process : list(proc, "[0-9]*")) {
      int pid = Integer.parseInt(process.getFileName().toString());
      for (Path fd : list(process.resolve("fd"), "*")) {
        if (isBpf(fd)) {
          int program = program(process.resolve("fdinfo").resolve(fd.getFileName()));
          if (programs.contains(program)) {
            pids.computeIfAbsent(program, id -> new TreeSet<>()).add(pid);
          }
        }
      }
    }
    return pids;
  }

  private static List<Path> list(Path directory, String glob) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, glob)) {
      entries.forEach(found::add);
    } catch (IOException | RuntimeException e) { // gone, or not ours
      return found;
    }
    return found;
  }

  private static boolean isBpf(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString().startsWith("anon_inode:bpf");
    } catch (IOException e) {
      return false;
    }
  }

  /** The program that the file names; 0 if it names none. */
  private static int program(Path fdinfo) {
    try {
      for (String line : Files.readAllLines(fdinfo)) {
        if (line.startsWith(PROGRAM_ID)) {
          return Integer.parseInt(line.substring(PROGRAM_ID.length()).trim());
        }
      }
    } catch (IOException e) {
      return 0;
    }
    return 0;
  }
}
