package dev.metakey.server.transport;

import dev.metakey.model.KernelVersion;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelException;
import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import io.grpc.netty.shaded.io.netty.channel.unix.IntegerUnixChannelOption;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor of the process that opened a connection (SO_PEERPIDFD). It goes on standing for that
 * process even if the pid is given to another one. Kernels before 6.5 have no such descriptor: then
 * nothing is known here.
 */
final class PeerDescriptor implements AutoCloseable {
  private static final int SOL_SOCKET = 1;
  private static final IntegerUnixChannelOption SO_PEERPIDFD =
      new IntegerUnixChannelOption("SO_PEERPIDFD", SOL_SOCKET, 77);
  private static final boolean IS_SUPPORTED = KernelVersion.here().isSince(6, 5);
  private static final Path OUR_DESCRIPTORS = Path.of("/proc/self/fdinfo");

  private final @Nullable FileDescriptor descriptor;

  private PeerDescriptor(@Nullable FileDescriptor descriptor) {
    this.descriptor = descriptor;
  }

  /** The descriptor of the process at the other end. The caller closes it. */
  static PeerDescriptor of(Channel connection) {
    try {
      return new PeerDescriptor(
          IS_SUPPORTED ? new FileDescriptor(connection.config().getOption(SO_PEERPIDFD)) : null);
    } catch (ChannelException ended) { // before kernel 6.16, a process that has ended has none
      return new PeerDescriptor(null);
    }
  }

  /** Whether the process still exists. True where the kernel cannot tell. */
  boolean lives() {
    if (!IS_SUPPORTED) {
      return true;
    }
    try {
      return descriptor != null && pid(descriptor.intValue()) > 0;
    } catch (IOException unknown) {
      return false;
    }
  }

  /** The pid of the process behind a descriptor, or -1 if it has ended. */
  private static int pid(int descriptor) throws IOException {
    Path info = OUR_DESCRIPTORS.resolve(Integer.toString(descriptor));
    return Files.readAllLines(info, StandardCharsets.ISO_8859_1).stream()
        .filter(line -> line.startsWith("Pid:"))
        .mapToInt(line -> Integer.parseInt(line.substring("Pid:".length()).trim()))
        .findFirst()
        .orElse(-1);
  }

  @Override
  public void close() throws IOException {
    if (descriptor != null) {
      descriptor.close();
    }
  }
}
