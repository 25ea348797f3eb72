package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A few file descriptors in reserve, for the time when the process or the host has none left: with
 * them one more connection can be accepted, and looked at. Thread-safe.
 */
final class SpareDescriptors {
  /** Two pipes: one descriptor for the connection, one of its process, one to read about that. */
  private static final int PIPES = 2;

  private final Source source;
  private final List<FileDescriptor> held = new ArrayList<>();

  /** Where descriptors come from. */
  @FunctionalInterface
  interface Source {
    /** Two of them. */
    Collection<FileDescriptor> pipe() throws IOException;
  }

  SpareDescriptors() {
    this(() -> List.of(FileDescriptor.pipe()));
  }

  SpareDescriptors(Source source) {
    this.source = source;
  }

  /** Takes what is missing of the reserve. Returns whether it is whole then. */
  synchronized boolean keep() {
    try {
      while (!isKept()) {
        held.addAll(source.pipe());
      }
    } catch (IOException noneLeft) {
      lend();
    }
    return isKept();
  }

  synchronized boolean isKept() {
    return held.size() == 2 * PIPES;
  }

  /** Whether there are any besides the reserve. */
  boolean areLeft() {
    try {
      close(source.pipe());
      return true;
    } catch (IOException noneLeft) {
      return false;
    }
  }

  /** Gives them up, for others to use. */
  synchronized void lend() {
    close(held);
    held.clear();
  }

  private static void close(Collection<FileDescriptor> descriptors) {
    for (FileDescriptor descriptor : descriptors) {
      try {
        descriptor.close();
      } catch (IOException closed) {
        // A pipe that holds nothing cannot lose anything; the descriptor is free in any case.
      }
    }
  }
}
