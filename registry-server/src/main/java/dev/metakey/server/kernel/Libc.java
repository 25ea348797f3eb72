package dev.metakey.server.kernel;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The C library's functions. {@link #load} comes before any other: the first time, it loads JNA and
 * its native part, which belongs on a thread that nobody waits for. Each function throws if it sets
 * errno.
 */
final class Libc {
  /** The number of bpf(2), by Java's name for the architecture. */
  private static final Map<String, Integer> BPF_BY_ARCHITECTURE =
      Map.of("amd64", 321, "aarch64", 280);

  /** The number of perf_event_open(2), likewise. */
  private static final Map<String, Integer> PERF_BY_ARCHITECTURE =
      Map.of("amd64", 298, "aarch64", 241);

  static final int EFD_CLOEXEC = 0x80000;
  static final int SC_PAGESIZE = 30;
  static final int SC_NPROCESSORS_CONF = 83;

  private static final long PERF_FLAG_FD_CLOEXEC = 8;
  private static final int EVERY_PROCESS = -1;
  private static final int NO_GROUP = -1;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;

  private static final @Nullable Integer BPF =
      BPF_BY_ARCHITECTURE.get(System.getProperty("os.arch", ""));

  /** Why JNA cannot be used; empty if it can, and null before anybody tried. */
  private static @Nullable String fault;

  private Libc() {}

  /**
   * Loads JNA, once. Every other function here needs it.
   *
   * @throws BpfException if JNA's native library cannot be loaded, or if it is not known how to
   *     call the kernel on this architecture
   */
  static synchronized void load() throws BpfException {
    if (fault == null) {
      fault = register();
    }
    if (!fault.isEmpty()) {
      throw new BpfException(
          "JNA's native library cannot be loaded, so bpf(2) cannot be called: %s; install metakeyd again, or mend lib/ of its installation"
              .formatted(fault),
          null);
    }
    long unused = bpf();
  }

  /** Only the first try says what is wrong: after it, JNA's class merely cannot be initialised. */
  private static String register() {
    try {
      Native.register(Libc.class, NativeLibrary.getProcess());
      return "";
    } catch (LinkageError e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** The number of bpf(2) here. */
  static long bpf() throws BpfException {
    if (BPF == null) {
      throw new BpfException(
          "the number of bpf(2) is not known for %s; known: %s"
              .formatted(System.getProperty("os.arch"), BPF_BY_ARCHITECTURE.keySet()),
          null);
    }
    return BPF;
  }

  static native long syscall(long number, int command, Pointer attributes, int bytes)
      throws LastErrorException;

  static native long syscall(
      long number, Pointer attributes, int pid, int cpu, int group, long flags)
      throws LastErrorException;

  /**
   * Opens an event of all processes on one processor. {@link #load} has refused architectures that
   * are not known.
   */
  static long perfEventOpen(Pointer attributes, int cpu) throws LastErrorException {
    Integer number = PERF_BY_ARCHITECTURE.get(System.getProperty("os.arch", ""));
    return syscall(
        Objects.requireNonNull(number),
        attributes,
        EVERY_PROCESS,
        cpu,
        NO_GROUP,
        PERF_FLAG_FD_CLOEXEC);
  }

  static native Pointer mmap(
      @Nullable Pointer address, long bytes, int protection, int flags, int fd, long offset)
      throws LastErrorException;

  static Pointer mapShared(int fd, long bytes) throws LastErrorException {
    return mmap(null, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  }

  static native int munmap(Pointer address, long bytes) throws LastErrorException;

  static native int eventfd(int value, int flags) throws LastErrorException;

  static native int poll(Pointer fds, long count, int timeoutMs) throws LastErrorException;

  static native long write(int fd, Pointer bytes, long count) throws LastErrorException;

  static native int sysconf(int name) throws LastErrorException;

  static native int close(int fd) throws LastErrorException;

  static native int statfs(String path, Pointer into) throws LastErrorException;

  /** Does not throw, as it may set errno even if there merely is no such group. */
  static native @Nullable Pointer getgrnam(String name);

  static native int clock_gettime(int clock, Pointer into) throws LastErrorException;
}
