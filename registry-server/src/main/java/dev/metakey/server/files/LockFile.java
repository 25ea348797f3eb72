package dev.metakey.server.files;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A lock that lasts as long as its process: the kernel gives it up with the last of it, however
 * that died. The file holds the pid, and stays.
 */
public final class LockFile implements AutoCloseable {
  private final FileChannel channel;

  private LockFile(FileChannel channel) {
    this.channel = channel;
  }

  /** Somebody else holds the lock. */
  public static final class HeldException extends IOException {
    private static final long serialVersionUID = 1;

    HeldException(Path path, String holder) {
      super("%s is held by another metakeyd%s".formatted(path, holder));
    }
  }

  /**
   * @throws HeldException if another process holds it; the message names its pid
   */
  public static LockFile hold(Path path) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      if (tryLock(channel) == null) {
        throw new HeldException(path, holder(channel));
      }
      channel.truncate(0);
      channel.write(US_ASCII.encode(ProcessHandle.current().pid() + "\n"));
      return new LockFile(channel);
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) { // this process holds it already
      return null;
    }
  }

  private static String holder(FileChannel channel) throws IOException {
    ByteBuffer pid = ByteBuffer.allocate(20);
    channel.read(pid, 0);
    String digits = US_ASCII.decode(pid.flip()).toString().trim();
    return digits.isEmpty() ? "" : " (pid " + digits + ")";
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
