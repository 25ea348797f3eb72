package dev.metakey.bench;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Stamp;
import dev.metakey.v1.ResolveResponse;
import dev.metakey.wire.Replies;
import dev.metakey.wire.Wire;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Mapping to messages and back, as every answer needs it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class WireBenchmark {
  private final RegistryInfo info = new RegistryInfo(new UUID(1, 2), 42, Layout.SLOTTED, 128);
  private final Field field =
      new Field.Builder(7, FieldSpec.of("edge.packet_id", 8), FieldState.ACTIVE)
          .generation(1)
          .slot(24)
          .owners(List.of(new Owner(1000, "edge.service")))
          .created(new Stamp(42, 1_700_000_000_000L))
          .build();
  private final Change change =
      new Change(
          42,
          42,
          1_700_000_000_000L,
          ChangeKind.CREATED,
          null,
          field,
          new Peer(1000, 1000, 100, "edge.service"));
  private final dev.metakey.v1.Field message = Wire.field(field);

  @Benchmark
  public Object infoToWire() {
    return Wire.info(info);
  }

  @Benchmark
  public Object fieldToWire() {
    return Wire.field(field);
  }

  @Benchmark
  public Object changeToWire() {
    return Wire.change(change);
  }

  @Benchmark
  public Object fieldFromWire() {
    return Replies.field(message);
  }

  @Benchmark
  public byte[] resolveAnswerToBytes() {
    return ResolveResponse.newBuilder()
        .setRegistry(Wire.info(info))
        .addFields(Wire.field(field))
        .build()
        .toByteArray();
  }
}
