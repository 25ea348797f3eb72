package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.FileDescriptor;
import io.grpc.netty.shaded.io.netty.channel.unix.Socket;
import io.grpc.netty.shaded.io.netty.util.AttributeKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Who opened a connection, as the kernel noted it then (SO_PEERCRED). It is asked once for each: by
 * the thread that accepts, which leaves the answer with the channel.
 */
record Credentials(int uid, int gid, int pid) {
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int BYTES = 3 * Integer.BYTES; // struct ucred: pid, uid, gid

  private static final AttributeKey<Credentials> KNOWN =
      AttributeKey.valueOf("dev.metakey.credentials");

  static Credentials of(Socket socket) throws IOException {
    ByteBuffer told = ByteBuffer.allocate(BYTES).order(ByteOrder.nativeOrder());
    socket.getRawOpt(SOL_SOCKET, SO_PEERCRED, told);
    return new Credentials(
        told.getInt(Integer.BYTES), told.getInt(2 * Integer.BYTES), told.getInt(0));
  }

  static Credentials of(EpollDomainSocketChannel channel) throws IOException {
    Credentials known = channel.attr(KNOWN).get();
    if (known == null) {
      known = of((Socket) channel.fd());
      channel.attr(KNOWN).set(known);
    }
    return known;
  }

  /** A channel for a connection whose credentials are known. */
  static EpollDomainSocketChannel channel(FileDescriptor socket, Credentials peer) {
    EpollDomainSocketChannel channel = new EpollDomainSocketChannel(socket.intValue());
    channel.attr(KNOWN).set(peer);
    return channel;
  }
}
