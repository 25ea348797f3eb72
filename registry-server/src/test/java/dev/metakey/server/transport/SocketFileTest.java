package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.server.files.LockFile;
import io.grpc.netty.shaded.io.netty.bootstrap.Bootstrap;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
  @TempDir private Path directory;
  private Path path;

  @BeforeEach
  void path() {
    path = directory.resolve("m.sock");
  }

  private ServerSocketChannel listen() throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path));
    return server;
  }

  private void mode(String permissions) throws IOException {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
  }

  private boolean isThere() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Test
  void claim_whenDirectoryIsMissing_makesIt() throws IOException {
    path = directory.resolve("a/b/m.sock");

    try (SocketFile socket = SocketFile.claim(path)) {
      assertThat(socket.path()).isEqualTo(path);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path.getParent())))
          .isEqualTo("rwxr-xr-x");
    }
  }

  @Test
  void claim_whenSocketIsStale_removesIt() throws IOException {
    listen().close();
    assertThat(isThere()).isTrue();

    try (SocketFile socket = SocketFile.claim(path)) {
      assertThat(socket).isNotNull();
      assertThat(isThere()).isFalse();
    }
  }

  @Test
  void claim_whenSomebodyListens_isRefusedAndLeavesTheSocket() throws IOException {
    try (ServerSocketChannel server = listen()) {
      assertThatThrownBy(() -> SocketFile.claim(path))
          .isInstanceOf(IOException.class)
          .hasMessage(
              "socket %s: another program listens there; stop it, or choose another path", path);
      assertThat(isThere()).isTrue();
      assertThat(server.isOpen()).isTrue();
    }
    SocketFile.claim(path).close(); // the lock was given back
  }

  @Test
  void claim_whenADatagramSocketIsInUse_isRefusedAndLeavesIt() throws Exception {
    MultiThreadIoEventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    try {
      Channel datagrams =
          new Bootstrap()
              .group(loop)
              .channel(EpollDomainDatagramChannel.class)
              .handler(new ChannelInboundHandlerAdapter())
              .bind(new DomainSocketAddress(path.toString()))
              .sync()
              .channel();

      assertThatThrownBy(() -> SocketFile.claim(path))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("another program may be listening there");
      assertThat(isThere()).isTrue();
      assertThat(datagrams.close().sync().isSuccess()).isTrue();
    } finally {
      var ended = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS).await();
      assertThat(ended.isDone()).isTrue();
    }
  }

  @Test
  void claim_whenHeld_namesThePid() throws IOException {
    try (SocketFile socket = SocketFile.claim(path)) {
      assertThat(socket).isNotNull();
      assertThatThrownBy(() -> SocketFile.claim(path))
          .isInstanceOf(LockFile.HeldException.class)
          .hasMessageContaining("is held by another metakeyd (pid ");
    }
    SocketFile.claim(path).close();
  }

  @Test
  void claim_whenSomethingElseIsInTheWay_isRefusedAndLeavesIt() throws IOException {
    Files.writeString(path, "precious");
    assertThatThrownBy(() -> SocketFile.claim(path))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("something that is not a socket is in the way");
    assertThat(path).hasContent("precious");

    Files.delete(path);
    Files.createSymbolicLink(path, directory.resolve("elsewhere"));
    assertThatThrownBy(() -> SocketFile.claim(path))
        .hasMessageContaining("something that is not a socket is in the way");
    assertThat(isThere()).isTrue();
  }

  @Test
  void claim_whenPathIsTooLong_isRefused() throws IOException {
    int room = 106 - directory.toString().length() - 1;
    Path longest = directory.resolve("x".repeat(room));
    assertThat(longest.toString()).hasSize(106);
    SocketFile.claim(longest).close();

    Path tooLong = directory.resolve("x".repeat(room + 1));
    assertThatThrownBy(() -> SocketFile.claim(tooLong))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the path has 107 bytes; at most 106 are allowed");
    Path bytesCount = directory.resolve("ä".repeat(room / 2 + 1));
    assertThatThrownBy(() -> SocketFile.claim(bytesCount))
        .hasMessageContaining("at most 106 are allowed");
  }

  @Test
  void claim_whenOthersMayWriteTheDirectory_isRefusedUnlessItIsSticky() throws Exception {
    for (String bad : new String[] {"rwxrwxrwx", "rwxrwxr-x", "rwxr-xrwx"}) {
      mode(bad);
      assertThatThrownBy(() -> SocketFile.claim(path))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has mode " + bad)
          .hasMessageContaining("chmod go-w");
    }
    Files.setAttribute(directory, "unix:mode", 01777);
    SocketFile.claim(path).close();
    mode("rwx------");
    SocketFile.claim(path).close();
  }

  @Test
  void claim_whenDirectoryIsAFile_saysSo() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    assertThatThrownBy(() -> SocketFile.claim(file.resolve("m.sock")))
        .isInstanceOf(IOException.class)
        .hasMessageContainingAll(file + " is not a directory", "--socket");
  }

  @Test
  void remove_removesTheSocketAndCloseLetsGo() throws IOException {
    SocketFile socket = SocketFile.claim(path);
    try (ServerSocketChannel server = listen()) {
      assertThat(server.isOpen()).isTrue();
      socket.bound();
      socket.remove();
      assertThat(isThere()).isFalse();
    }
    socket.close();
    SocketFile.claim(path).close();
  }

  @Test
  void remove_whenTheSocketIsNotOurs_leavesIt() throws IOException {
    SocketFile socket = SocketFile.claim(path);
    try (ServerSocketChannel ours = listen()) {
      socket.bound();
      Files.delete(path);
      listen().close(); // somebody else's
      socket.remove();
      assertThat(isThere()).isTrue();
      Files.delete(path);
      socket.remove();
      assertThat(ours.isOpen()).isTrue();
    }
    socket.close();
  }
}
