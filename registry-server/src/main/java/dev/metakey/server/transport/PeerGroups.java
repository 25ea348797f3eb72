package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelException;
import io.grpc.netty.shaded.io.netty.channel.unix.RawUnixChannelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The groups of the process that opened a connection, including the supplementary ones, as they
 * were when it connected (SO_PEERGROUPS). The kernel is asked only when somebody wants to know.
 */
final class PeerGroups {
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERGROUPS = 59;

  /** For how many groups there is room at first: the kernel tells all of them or none. */
  private static final int FEW = 64;

  private static final int MOST = 65_536;

  private final int gid;
  private final Channel connection;

  /**
   * @param gid the process's; -1 if it is not known
   */
  PeerGroups(int gid, Channel connection) {
    this.gid = gid;
    this.connection = connection;
  }

  /**
   * @param group 1 or more; the kernel leaves zeros behind the last of them
   */
  boolean contains(int group) {
    return group > 0 && (gid == group || supplementary(group, FEW) || supplementary(group, MOST));
  }

  private boolean supplementary(int group, int room) {
    var option =
        new RawUnixChannelOption("SO_PEERGROUPS", SOL_SOCKET, SO_PEERGROUPS, room * Integer.BYTES);
    try {
      ByteBuffer groups = connection.config().getOption(option);
      groups.order(ByteOrder.nativeOrder());
      for (int i = 0; i < room; i++) {
        if (groups.getInt(i * Integer.BYTES) == group) {
          return true;
        }
      }
      return false;
    } catch (ChannelException tooManyOrGone) {
      return false;
    }
  }
}
