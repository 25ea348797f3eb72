package dev.metakey.server.kernel;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import dev.metakey.server.engine.ProgramEvents;
import dev.metakey.server.kernel.Bpf.Fd;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The kernel's own events of BPF programs that come and go ({@code PERF_RECORD_BPF_EVENT}, since
 * Linux 5.1). What they say is not read: it is enough that there is one, as {@link LoadedPrograms}
 * then looks.
 *
 * <p>The kernel reports an event on the processor that it happened on, so each processor has a ring
 * of its own: one page that says how far the kernel has written and how far we have read, and one
 * page of events.
 *
 * <p>One thread may wait, and any other may close.
 */
public final class BpfEvents implements ProgramEvents {
  /** {@code struct perf_event_attr}, as far as it is used: its fifth version. */
  private static final int ATTR_BYTES = 112;

  private static final int TYPE = 0;
  private static final int SIZE = 4;
  private static final int CONFIG = 8;
  private static final int FLAGS = 40;
  private static final int WAKEUP_WATERMARK = 48;

  private static final int PERF_TYPE_SOFTWARE = 1;
  private static final int PERF_COUNT_SW_DUMMY = 9;
  private static final long WATERMARK = 1L << 14;
  private static final long BPF_EVENT = 1L << 30;

  /** {@code struct perf_event_mmap_page}. */
  private static final int DATA_HEAD = 1024;

  private static final int DATA_TAIL = 1032;

  /** {@code struct pollfd}. */
  private static final int POLLFD_BYTES = 8;

  private static final int EVENTS = 4;
  private static final int REVENTS = 6;
  private static final short POLLIN = 1;

  private static final int EINTR = 4;
  private static final int ENODEV = 19;

  private final List<Ring> rings = new ArrayList<>();
  private final Fd wake;
  private boolean closed; // this and the next: guarded by this
  private boolean released;

  private record Ring(Fd fd, Pointer pages, long bytes) implements AutoCloseable {
    /** Says that all was read, so that there is room for the next. */
    void drain() {
      pages.setLong(DATA_TAIL, pages.getLong(DATA_HEAD));
    }

    @Override
    public void close() {
      var unused = Libc.munmap(pages, bytes);
      fd.close();
    }
  }

  /**
   * @throws IOException if the kernel does not tell; the message says why
   */
  public BpfEvents() throws IOException {
    Libc.load();
    try {
      wake = new Fd(Libc.eventfd(0, Libc.EFD_CLOEXEC));
    } catch (LastErrorException e) {
      throw failure(e);
    }
    try {
      int processors = Libc.sysconf(Libc.SC_NPROCESSORS_CONF);
      for (int cpu = 0; cpu < processors; cpu++) {
        open(cpu);
      }
    } catch (LastErrorException e) {
      release();
      throw failure(e);
    }
  }

  private static IOException failure(LastErrorException e) {
    return new IOException(
        "the kernel does not tell of BPF programs that come and go: %s"
            .formatted(String.valueOf(e.getMessage()).replaceFirst("^\\[\\d+\\] ", "")),
        e);
  }

  private void open(int cpu) {
    try (Memory attributes = Bpf.zeroed(ATTR_BYTES)) {
      attributes.setInt(TYPE, PERF_TYPE_SOFTWARE);
      attributes.setInt(SIZE, ATTR_BYTES);
      attributes.setLong(CONFIG, PERF_COUNT_SW_DUMMY);
      attributes.setLong(FLAGS, WATERMARK | BPF_EVENT);
      attributes.setInt(WAKEUP_WATERMARK, 1);
      Fd fd = new Fd((int) Libc.perfEventOpen(attributes, cpu));
      try {
        long bytes = 2L * Libc.sysconf(Libc.SC_PAGESIZE);
        rings.add(new Ring(fd, Libc.mapShared(fd.number(), bytes), bytes));
      } catch (LastErrorException e) {
        fd.close();
        throw e;
      }
    } catch (LastErrorException e) {
      if (e.getErrorCode() != ENODEV) { // a processor that is off runs nothing
        throw e;
      }
    }
  }

  @Override
  public boolean await() throws IOException {
    boolean goesOn = false;
    try (Memory fds = Bpf.zeroed((rings.size() + 1L) * POLLFD_BYTES)) {
      for (int i = 0; i <= rings.size(); i++) {
        Fd fd = i < rings.size() ? rings.get(i).fd() : wake;
        fds.setInt((long) i * POLLFD_BYTES, fd.number());
        fds.setShort((long) i * POLLFD_BYTES + EVENTS, POLLIN);
      }
      poll(fds);
      for (int i = 0; i < rings.size(); i++) {
        if ((fds.getShort((long) i * POLLFD_BYTES + REVENTS) & ~POLLIN) != 0) {
          throw new IOException("the kernel no longer tells of BPF programs");
        }
      }
      rings.forEach(Ring::drain);
      goesOn = !isClosed();
      return goesOn;
    } catch (LastErrorException e) {
      throw failure(e);
    } finally {
      if (!goesOn) {
        release();
      }
    }
  }

  /** Waits until something can be read. A signal may end the wait early, and then nothing can. */
  private void poll(Memory fds) {
    try {
      var unused = Libc.poll(fds, rings.size() + 1L, -1);
    } catch (LastErrorException e) {
      if (e.getErrorCode() != EINTR) {
        throw e;
      }
    }
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private synchronized void release() {
    rings.forEach(Ring::close);
    wake.close();
    released = true;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (released) {
      return;
    }
    try (Memory one = Bpf.zeroed(Long.BYTES)) {
      one.setLong(0, 1);
      var unused = Libc.write(wake.number(), one, Long.BYTES);
    }
  }
}
