package dev.metakey.cli.print;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;

/**
 * The reader of standard output, as poll(2) sees it. The JDK tells only those who write that the
 * reader is gone, and a watch may have nothing to write for days.
 */
final class Reader {
  private static final int STDOUT = 1;

  // struct pollfd { int fd; short events; short revents; }, the same on every Linux.
  private static final int EVENTS = 4;
  private static final int REVENTS = 6;
  private static final int POLLFD_BYTES = 8;

  /** POLLERR: no pipe has a reader any more; POLLHUP: the other end of a socket is gone. */
  private static final int GONE = 0x008 | 0x010;

  static {
    Native.register(Reader.class, "c");
  }

  private Reader() {}

  private static native int poll(Memory pollfd, long count, int timeoutMs)
      throws LastErrorException;

  /** Looks, and does not wait. */
  static boolean isGone() {
    try (Memory pollfd = new Memory(POLLFD_BYTES)) {
      pollfd.setInt(0, STDOUT);
      pollfd.setShort(EVENTS, (short) 0);
      pollfd.setShort(REVENTS, (short) 0);
      return poll(pollfd, 1, 0) > 0 && (pollfd.getShort(REVENTS) & GONE) != 0;
    } catch (LastErrorException interrupted) {
      return false;
    }
  }
}
