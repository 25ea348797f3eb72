package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelException;
import io.grpc.netty.shaded.io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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

  /**
   * Those of a connection's peer; none if the kernel does not tell. Never group 0: the kernel
   * leaves zeros behind the last of them.
   */
  static Set<Integer> of(Channel connection) {
    try {
      return read(connection, FEW);
    } catch (ChannelException tooMany) {
      try {
        return read(connection, MOST);
      } catch (ChannelException gone) {
        return Set.of();
      }
    }
  }

  private static Set<Integer> read(Channel connection, int room) {
    var option =
        new RawUnixChannelOption("SO_PEERGROUPS", SOL_SOCKET, SO_PEERGROUPS, room * Integer.BYTES);
    ByteBuffer told = connection.config().getOption(option);
    told.order(ByteOrder.nativeOrder());
    Set<Integer> groups = new HashSet<>();
    for (int i = 0; i < room; i++) {
      groups.add(told.getInt(i * Integer.BYTES));
    }
    groups.remove(0);
    return Set.copyOf(groups);
  }
}
