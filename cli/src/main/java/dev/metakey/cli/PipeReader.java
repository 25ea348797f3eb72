package dev.metakey.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Notices that nobody reads the pipe any more that standard output is, also while there is nothing
 * to write: {@code metakey watch | grep -m1 NAME} would otherwise last until the next change.
 *
 * <p>Java has no poll(2) for it. But to open a pipe for writing blocks as long as nobody has it
 * open for reading. So one thread opens it once a second, and another one sees that it does not
 * come back: twice in a row, so that a process that was stopped, or starved, is not taken for it.
 */
final class PipeReader {
  private static final Path STANDARD_OUTPUT = Path.of("/proc/self/fd/1");
  private static final long PAUSE_MS = 1000;
  private static final int PATIENCE = 2;

  private final Runnable onGone;
  private volatile boolean opening;
  private volatile boolean blind;
  private volatile boolean gone;

  private PipeReader(Runnable onGone) {
    this.onGone = onGone;
  }

  /**
   * @param onGone run once, on a thread of its own
   */
  static PipeReader watch(Runnable onGone) {
    PipeReader reader = new PipeReader(onGone);
    start("metakey-pipe", reader::tryToOpen);
    start("metakey-pipe-watch", reader::lookOn);
    return reader;
  }

  private static void start(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  boolean isGone() {
    return gone;
  }

  private void tryToOpen() {
    while (pause()) {
      opening = true;
      try (FileChannel pipe = FileChannel.open(STANDARD_OUTPUT, StandardOpenOption.WRITE)) {
        opening = !pipe.isOpen();
      } catch (IOException e) {
        blind = true; // a socket, or somebody else's pipe: the next line will tell
        return;
      }
    }
  }

  private void lookOn() {
    int stuck = 0;
    while (stuck < PATIENCE && !blind && pause()) {
      stuck = opening ? stuck + 1 : 0;
    }
    if (stuck == PATIENCE && !blind) {
      gone = true;
      onGone.run();
    }
  }

  private static boolean pause() {
    try {
      Thread.sleep(PAUSE_MS);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }
}
