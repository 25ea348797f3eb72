package dev.metakey.bench;

import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Layout;
import dev.metakey.model.Peer;
import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Command;
import dev.metakey.server.domain.Decision;
import dev.metakey.server.domain.Now;
import dev.metakey.server.domain.Register;
import dev.metakey.server.domain.Registry;
import dev.metakey.server.domain.RegistryState;
import dev.metakey.server.domain.Release;
import dev.metakey.server.domain.Rules;
import dev.metakey.server.domain.Tick;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** The registry's decisions in a registry of 64 fields (63, if a new one is added). */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DomainBenchmark {
  private static final Now NOW = new Now(1_700_000_000_000L, 1_000);
  private static final Peer PEER = new Peer(1000, 1000, 100, "edge.service");
  private static final Rules RULES = new Rules(600_000, 990);

  private final RegistryState roomForOne = registered(Field.IDS - 1);
  private final RegistryState full = registered(Field.IDS);
  private final FieldSpec last = FieldSpec.of("bench.field_" + (Field.IDS - 1), 2);
  private final Register register = new Register(List.of(last));
  private final Release release = new Release(last.name(), 0);
  private final Change change = accepted(roomForOne, register).changes().get(0);

  private static RegistryState registered(int fields) {
    List<FieldSpec> specs =
        IntStream.range(0, fields).mapToObj(i -> FieldSpec.of("bench.field_" + i, 2)).toList();
    RegistryState empty = RegistryState.empty(new UUID(1, 2), Layout.SLOTTED, 216);
    return accepted(empty, new Register(specs)).state();
  }

  private static <R> Decision.Accepted<R> accepted(RegistryState state, Command<R> command) {
    return (Decision.Accepted<R>) Registry.decide(state, RULES, command, PEER, NOW);
  }

  @Benchmark
  public Object registerNew() {
    return Registry.decide(roomForOne, RULES, register, PEER, NOW);
  }

  @Benchmark
  public Object registerExisting() {
    return Registry.decide(full, RULES, register, PEER, NOW);
  }

  @Benchmark
  public Object release() {
    return Registry.decide(full, RULES, release, PEER, NOW);
  }

  /** The question that the writer asks before every batch. */
  @Benchmark
  public boolean isTickDue() {
    return Tick.isDue(full, RULES, NOW.ageMs());
  }

  @Benchmark
  public Snapshot snapshotWith() {
    return roomForOne.snapshot().with(roomForOne.snapshot().info(), List.of(change));
  }
}
