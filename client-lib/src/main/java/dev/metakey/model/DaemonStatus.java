package dev.metakey.model;

import java.util.List;

/**
 * What a daemon says of itself: its settings, what it holds, and what is wrong.
 *
 * @param ids how many of the 64 ids are in which state
 * @param slots bytes of the area that slots take, and how many there are for them; both 0 in the
 *     packed layout
 * @param queues what waits in the daemon
 * @param programs what the kernel has loaded
 * @param limits how much of each limit is used
 * @param problems what is wrong, one sentence each; empty if all is well
 */
public record DaemonStatus(
    RegistryInfo info,
    Daemon daemon,
    IdCount ids,
    SlotUse slots,
    Queues queues,
    Programs programs,
    List<Publication> publications,
    List<LimitUse> limits,
    List<String> problems) {

  public DaemonStatus {
    publications = List.copyOf(publications);
    limits = List.copyOf(limits);
    problems = List.copyOf(problems);
  }

  /** The same, for those who are not told who uses the most. */
  public DaemonStatus withoutBiggestUsers() {
    return new DaemonStatus(
        info,
        daemon,
        ids,
        slots,
        queues,
        programs,
        publications,
        limits.stream().map(LimitUse::withoutBiggest).toList(),
        problems);
  }

  /**
   * The running daemon.
   *
   * @param startedAtMs milliseconds since 1970
   */
  public record Daemon(String version, long startedAtMs, int pid, String socket, String data) {}

  /** How many of the 64 ids are in each state; the others are free. */
  public record IdCount(int active, int retired, int reserved) {}

  /** Bytes of the area. */
  public record SlotUse(int usedBytes, int limitBytes) {}

  /**
   * What waits in the daemon.
   *
   * @param commands for the writer
   * @param resolves for names
   * @param watches for changes: all that are open
   */
  public record Queues(int commands, int resolves, int watches) {}

  /**
   * Loaded programs that name fields, as they were seen last.
   *
   * @param stale how many of them disagree with the registry
   * @param unseen why the last look saw nothing; empty: it saw
   * @param areLookedAt false: the daemon never looks, and no program may be linked for it
   */
  public record Programs(int loaded, int stale, String unseen, boolean areLookedAt) {}

  /**
   * One way of publication.
   *
   * @param revision what was published last; {@link #NEVER}: nothing, since the daemon started
   * @param problem why the newest state could not be published; empty: all is well
   */
  public record Publication(String name, String path, long revision, String problem) {
    public static final long NEVER = -1;

    public boolean isPublished() {
      return revision != NEVER;
    }
  }
}
