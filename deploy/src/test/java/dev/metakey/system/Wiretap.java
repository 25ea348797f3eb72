package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegisterResponse;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReleaseResponse;
import dev.metakey.v1.Sharing;
import dev.metakey.wire.WireErrors;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** A bare gRPC connection: nothing is checked, retried or cached on this side. */
final class Wiretap implements AutoCloseable {
  static final long CALL_S = 60;

  /** Shared by all connections, of which there may be thousands; with daemon threads. */
  private static final EventLoopGroup LOOPS =
      new MultiThreadIoEventLoopGroup(
          2, new DefaultThreadFactory("wiretap", true), EpollIoHandler.newFactory());

  private final ManagedChannel managed;
  private final Channel channel;

  /**
   * @param service the name that is claimed
   */
  Wiretap(Path socket, String service) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("metakey-service", Metadata.ASCII_STRING_MARSHALLER), service);
    managed =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .eventLoopGroup(LOOPS)
            .channelType(EpollDomainSocketChannel.class)
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .overrideAuthority("localhost")
            .usePlaintext()
            .directExecutor()
            .maxInboundMessageSize(64 << 20)
            .build();
    channel =
        ClientInterceptors.intercept(managed, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  Channel channel() {
    return channel;
  }

  RegistryGrpc.RegistryBlockingStub registry() {
    return RegistryGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_S, TimeUnit.SECONDS);
  }

  /** Waits until the daemon has published all that it has committed, wherever it publishes. */
  void awaitPublished() throws Exception {
    Host.await(
        "all is published",
        () -> {
          var status = registry().getStatus(GetStatusRequest.getDefaultInstance());
          return status.getPublicationsList().stream()
              .allMatch(p -> p.getRevision() == status.getRegistry().getRevision());
        });
  }

  RegistryGrpc.RegistryFutureStub futures() {
    return RegistryGrpc.newFutureStub(channel).withDeadlineAfter(CALL_S, TimeUnit.SECONDS);
  }

  AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_S, TimeUnit.SECONDS);
  }

  RegisterResponse register(FieldSpec... fields) {
    return registry()
        .register(RegisterRequest.newBuilder().addAllFields(Arrays.asList(fields)).build());
  }

  ReleaseResponse release(String name) {
    return registry().release(ReleaseRequest.newBuilder().setName(name).build());
  }

  static FieldSpec field(String name, int size) {
    return FieldSpec.newBuilder().setName(name).setSize(size).build();
  }

  static FieldSpec shared(String name, int size) {
    return field(name, size).toBuilder().setSharing(Sharing.SHARING_SHARED).build();
  }

  /** Asserts that a call is refused for this reason, and that the message contains all of this. */
  static MetakeyException refused(Reason reason, Runnable call, String... says) {
    StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, call::run);
    assertThat(failure).as("the call is refused: %s", reason).isNotNull();
    assertThat(WireErrors.isRefusal(failure)).as("metakeyd itself said %s", failure).isTrue();
    MetakeyException refusal = WireErrors.fromStatus(failure);
    assertThat(refusal.reason()).as(refusal.text()).isEqualTo(reason);
    assertThat(failure.getStatus().getCode()).isEqualTo(WireErrors.codeOf(reason));
    for (String words : says) {
      assertThat(refusal.text()).contains(words);
    }
    return refusal;
  }

  @Override
  public void close() {
    managed.shutdownNow();
  }
}
