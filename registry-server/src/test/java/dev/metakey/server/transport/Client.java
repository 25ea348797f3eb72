package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.metakey.model.Reason;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.FieldSpec;
import dev.metakey.v1.RegisterRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ResolveRequest;
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
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** Generated stubs on a unix socket: what any language's client is made of. */
public final class Client implements AutoCloseable {
  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ManagedChannel managed;
  private final Channel channel;

  private Client(Path socket, Metadata headers) {
    managed =
        NettyChannelBuilder.forAddress(new DomainSocketAddress(socket.toString()))
            .eventLoopGroup(loop)
            .channelType(EpollDomainSocketChannel.class)
            .withOption(ChannelOption.SO_KEEPALIVE, null)
            .usePlaintext()
            .build();
    channel =
        ClientInterceptors.intercept(managed, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  public static Client of(Path socket) {
    return new Client(socket, new Metadata());
  }

  /** A client that claims a name for its service. */
  public static Client of(Path socket, String service) {
    return with(socket, "metakey-service", service);
  }

  static Client with(Path socket, String header, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
    return new Client(socket, headers);
  }

  ManagedChannel managed() {
    return managed;
  }

  public Channel channel() {
    return channel;
  }

  public RegistryGrpc.RegistryBlockingStub registry() {
    return RegistryGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  public RegistryGrpc.RegistryFutureStub later() {
    return RegistryGrpc.newFutureStub(channel).withDeadlineAfter(50, TimeUnit.SECONDS);
  }

  public RegistryGrpc.RegistryStub streaming() {
    return RegistryGrpc.newStub(channel);
  }

  public AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  public static RegisterRequest register(String name, int size) {
    return RegisterRequest.newBuilder().addFields(spec(name, size)).build();
  }

  static FieldSpec spec(String name, int size) {
    return FieldSpec.newBuilder().setName(name).setSize(size).build();
  }

  public static ResolveRequest resolve(String... names) {
    return ResolveRequest.newBuilder().addAllNames(List.of(names)).build();
  }

  public static ResolveRequest await(long waitMs, String... names) {
    return resolve(names).toBuilder().setWait(Durations.fromMillis(waitMs)).build();
  }

  /** The details of a refused call, whose status must be the one for its reason. */
  public static ErrorInfo refused(ThrowingCallable call) {
    return info(catchThrowable(call));
  }

  public static ErrorInfo info(@Nullable Throwable failure) {
    assertThat(failure).isInstanceOf(StatusRuntimeException.class);
    StatusRuntimeException status = (StatusRuntimeException) failure;
    Status details = StatusProto.fromThrowable(failure);
    assertThat(details).as("the details of %s", status).isNotNull();
    assertThat(details.getDetailsList()).as(status.toString()).hasSize(1);
    ErrorInfo info = unpack(details.getDetails(0));
    assertThat(info.getDomain()).isEqualTo("metakey.dev");
    Reason reason = Reason.valueOf(info.getReason());
    assertThat(status.getStatus().getCode()).isEqualTo(WireErrors.codeOf(reason));
    return info;
  }

  private static ErrorInfo unpack(Any detail) {
    try {
      return detail.unpack(ErrorInfo.class);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() throws InterruptedException {
    var unused = managed.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    var ended = loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS).await();
    assertThat(ended.isDone()).isTrue();
  }
}
