package dev.metakey.server.transport;

import dev.metakey.model.ProgramName;
import dev.metakey.server.log.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Finds out from {@code /proc} who a peer is.
 *
 * <p>A process may end and its pid be given to another, before it is looked at or meanwhile. So
 * what was read counts only if the process that connected is still there afterwards: as its
 * descriptor says, where the kernel has one ({@link PeerDescriptor}), and as the time when it
 * started says.
 */
final class PeerLook {
  private static final Path PROC = Path.of("/proc");
  private static final long CAP_SYS_ADMIN = 1L << 21;
  private static final String NO_UNITS = "nobody is known by a unit, and root is not an admin";
  private static final int MAX_CMDLINE_BYTES = 64 * 1024;

  private final Path proc;
  private final Supplier<Launchers> launchers;
  private volatile String problem = "";

  /**
   * @param launchers units that prove nothing; is asked for each peer
   */
  PeerLook(Supplier<Launchers> launchers) {
    this(PROC, launchers);
  }

  PeerLook(Path proc, Supplier<Launchers> launchers) {
    this.proc = proc;
    this.launchers = launchers;
  }

  /** Why the daemon could not tell who some peers are; empty if it could always tell. */
  String problem() {
    return problem;
  }

  /** Whether there is a process with that pid, maybe one that has ended. Takes no descriptor. */
  boolean isThere(int pid) {
    return Files.exists(proc.resolve(Integer.toString(pid)));
  }

  /**
   * What the kernel tells about a connected peer.
   *
   * @param lives whether the process that connected is still alive, as the kernel tells by a
   *     descriptor of it; always true where the kernel has none
   */
  PeerProcess at(int uid, int gid, int pid, BooleanSupplier lives) {
    if (pid == 0) {
      blind(
          "the pid of a peer is not told, as metakeyd is in a pid namespace of its own; give it the host's (hostPID: true in a pod, --pid=host in a container)",
          NO_UNITS);
      return PeerProcess.unseen(uid, gid, pid);
    }
    Path process = proc.resolve(Integer.toString(pid));
    try {
      Identity before = identity(process);
      PeerProcess seen = look(process, uid, gid, pid, before);
      boolean same = lives.getAsBoolean() && identity(process).startTime() == before.startTime();
      return same && !before.ended() ? seen : PeerProcess.ended(uid, gid, pid);
    } catch (AccessDeniedException hidden) {
      return hidden(uid, gid, pid);
    } catch (IOException gone) {
      // With hidepid, processes of others seem not to be there; then init does not, either.
      return Files.exists(proc.resolve("1/stat"))
          ? PeerProcess.ended(uid, gid, pid)
          : hidden(uid, gid, pid);
    }
  }

  private PeerProcess hidden(int uid, int gid, int pid) {
    blind(
        "the processes of peers cannot be looked at, as /proc is mounted with hidepid; run metakeyd as root with CAP_SYS_PTRACE, or mount /proc with hidepid=0",
        NO_UNITS);
    return PeerProcess.unseen(uid, gid, pid);
  }

  /** Says it once; event loops may find out at the same time. */
  private synchronized void blind(String why, String meanwhile) {
    if (problem.isEmpty()) {
      problem = why + "; until then " + meanwhile;
      Event.PEERS_UNSEEN.say(problem);
    }
  }

  private PeerProcess look(Path process, int uid, int gid, int pid, Identity identity)
      throws IOException {
    CgroupPlace place =
        CgroupPlace.of(Files.readAllLines(process.resolve("cgroup"), StandardCharsets.ISO_8859_1));
    Optional<Boolean> ours = isInOurNamespace(process);
    if (ours.isEmpty() && (uid == 0 || !place.container().isEmpty())) {
      blind(
          "the user namespaces of other users' processes cannot be looked at; run metakeyd with CAP_SYS_PTRACE, which root usually has",
          "root is not an admin, and who is in a container is known by its uid");
    }
    return new PeerProcess(
        uid,
        gid,
        pid,
        place,
        !place.unit().isEmpty() && !launchers.get().contains(place.unit()),
        !ours.orElse(true),
        ours.orElse(false) && (identity.capabilities() & CAP_SYS_ADMIN) != 0,
        Set.of(),
        ProgramName.of(executable(process), arguments(process)));
  }

  /** Empty if the daemon may not look. */
  private Optional<Boolean> isInOurNamespace(Path process) throws IOException {
    try {
      return Optional.of(userNamespace(process).equals(userNamespace(proc.resolve("self"))));
    } catch (AccessDeniedException unknown) {
      return Optional.empty();
    }
  }

  private static String userNamespace(Path process) throws IOException {
    return Files.readSymbolicLink(process.resolve("ns/user")).toString();
  }

  /** What tells a process from another with the same pid, and what it may do. */
  private record Identity(long startTime, boolean ended, long capabilities) {}

  private static Identity identity(Path process) throws IOException {
    String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    boolean ended = fields[0].equals("Z") || fields[0].equals("X");
    return new Identity(Long.parseLong(fields[19]), ended, capabilities(process));
  }

  private static long capabilities(Path process) throws IOException {
    List<String> status =
        Files.readAllLines(process.resolve("status"), StandardCharsets.ISO_8859_1);
    return status.stream()
        .filter(line -> line.startsWith("CapEff:"))
        .mapToLong(line -> Long.parseUnsignedLong(line.substring("CapEff:".length()).trim(), 16))
        .findFirst()
        .orElse(0);
  }

  private static List<String> arguments(Path process) throws IOException {
    try (var in = Files.newInputStream(process.resolve("cmdline"))) {
      return ProgramName.arguments(
          new String(in.readNBytes(MAX_CMDLINE_BYTES), StandardCharsets.UTF_8));
    }
  }

  private static String executable(Path process) throws IOException {
    try {
      Path name = Files.readSymbolicLink(process.resolve("exe")).getFileName();
      return name == null ? "" : name.toString().replaceFirst(" \\(deleted\\)$", "");
    } catch (AccessDeniedException notOurs) { // its name is public, its executable is not
      return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8).trim();
    }
  }
}
