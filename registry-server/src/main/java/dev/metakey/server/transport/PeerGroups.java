package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * The supplementary groups of the process that opened a connection, as they were when it connected
 * (SO_PEERGROUPS).
 */
final class PeerGroups {
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERGROUPS = 59;

  /** For how many groups there is room at first: the kernel tells all of them or none. */
  private static final int FEW = 64;

  private static final int MOST = 65_536;

  private PeerGroups() {}

  /** An id that no group has. The kernel leaves what is behind the last group as it was. */
  private static final byte NONE = -1;

  /** Those of a connection's peer; none if the kernel does not tell. */
  static Set<Integer> of(EpollDomainSocketChannel connection) {
    Socket socket = (Socket) connection.fd();
    try {
      return read(socket, FEW);
    } catch (IOException tooMany) {
      try {
        return read(socket, MOST);
      } catch (IOException gone) {
        return Set.of();
      }
    }
  }

  private static Set<Integer> read(Socket socket, int room) throws IOException {
    byte[] bytes = new byte[room * Integer.BYTES];
    Arrays.fill(bytes, NONE);
    ByteBuffer told = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    socket.getRawOpt(SOL_SOCKET, SO_PEERGROUPS, told);
    Set<Integer> groups = new HashSet<>();
    for (int i = 0; i < room; i++) {
      groups.add(told.getInt(i * Integer.BYTES));
    }
    groups.remove((int) NONE);
    return Set.copyOf(groups);
  }
}
