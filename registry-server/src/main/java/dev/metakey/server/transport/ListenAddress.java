package dev.metakey.server.transport;

import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.nio.file.Path;

/**
 * The address that netty is to listen on. When netty closes a server, it removes whatever is at the
 * address's path by then; so the address forgets its path as soon as the server listens.
 */
final class ListenAddress extends DomainSocketAddress {
  private static final long serialVersionUID = 1;

  private volatile boolean isForgotten;

  ListenAddress(Path path) {
    super(path.toString());
  }

  void forget() {
    isForgotten = true;
  }

  @Override
  public String path() {
    return isForgotten ? "" : super.path();
  }
}
