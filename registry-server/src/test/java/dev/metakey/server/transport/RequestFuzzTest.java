package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.metakey.server.MemoryDaemon;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.FleetAdminGrpc;
import dev.metakey.v1.GetStatusRequest;
import dev.metakey.v1.RegistryGrpc;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Any bytes as a request of any method, and any bytes on the socket: the one who sent them is told
 * what is wrong, the daemon meets no defect, and everybody else is served. A normal run takes the
 * bytes in src/test/resources; docs/reliability.md says how to fuzz for longer.
 */
class RequestFuzzTest {
  private static final List<MethodDescriptor<?, ?>> METHODS =
      Stream.of(
              RegistryGrpc.getServiceDescriptor(),
              AdminGrpc.getServiceDescriptor(),
              FleetAdminGrpc.getServiceDescriptor())
          .<MethodDescriptor<?, ?>>flatMap(service -> service.getMethods().stream())
          .toList();

  private static Path directory;
  private static MemoryDaemon daemon;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    directory = Files.createTempDirectory("metakey-fuzz");
    daemon =
        new MemoryDaemon(
            directory,
            engine -> {
              FakeDesk desk = new FakeDesk(engine);
              desk.know();
              return desk;
            });
    client = Client.of(socket(), "edge");
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    daemon.close();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private static Path socket() {
    return directory.resolve("metakeyd.sock");
  }

  /**
   * @param bytes the number of the method, and then the message
   */
  @FuzzTest(maxDuration = "10m")
  void requests_whenFuzzed_areAnsweredOrRefused(byte[] bytes) {
    if (bytes.length > 0) {
      MethodDescriptor<?, ?> method = METHODS.get((bytes[0] & 0xff) % METHODS.size());
      call(method, Arrays.copyOfRange(bytes, 1, bytes.length));
    }
    requireWell();
  }

  private static void call(MethodDescriptor<?, ?> method, byte[] message) {
    MethodDescriptor<byte[], byte[]> plain = method.toBuilder(new Bytes(), new Bytes()).build();
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(100, TimeUnit.MILLISECONDS);
    Iterator<byte[]> answers =
        ClientCalls.blockingServerStreamingCall(client.channel(), plain, options, message);
    try {
      for (int i = 0; i < 2 && answers.hasNext(); i++) {
        assertThat(answers.next()).isNotNull();
      }
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode())
          .as("%s of %s", e.getStatus(), method.getFullMethodName())
          .isNotIn(Status.Code.INTERNAL, Status.Code.UNKNOWN);
    }
  }

  /**
   * @param bytes what follows the preface and the settings of HTTP/2
   */
  @FuzzTest(maxDuration = "10m")
  void socket_whenFuzzed_servesOthers(byte[] bytes) throws IOException {
    try (Raw raw = Raw.open(socket())) {
      raw.write(bytes);
    } catch (IOException closed) {
      // The daemon may hang up at any byte.
    }
    requireWell();
  }

  private static void requireWell() {
    assertThat(client.registry().getStatus(GetStatusRequest.getDefaultInstance()).getProblemsList())
        .isEmpty();
  }

  /** Messages as they are. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
